import { shortId } from '#base/id.ts'
import type { Service } from '#compose/model/model.ts'
import { formatPlatform } from '#content/manifests/platform.ts'
import type { Image } from '#engine/images/model.ts'
import { inspect } from '../lint.ts'
import { ago, mebibytes } from '../words.ts'
import { usersText, type Places, type Thing } from './thing.ts'

/** An image that is here: what it is, who uses it, and what of it can't be started. */
export function imageThing(word: string, image: Image, { engine, sources }: Places): Thing {
  const { id, config, size, references, created } = image
  const names = engine.containers
    .list()
    .filter((container) => container.image === id)
    .map(({ name }) => name)
  using grounds = sources.grounds()
  const service = bare(word)
  const findings = inspect(service, grounds.of(service, id))
  const made = created === 0 ? [] : [`made ${ago(engine.clock.now() - created)} ago`]
  return {
    subject: `Image ${word}`,
    state: findings.length === 0 ? 'up' : 'failed',
    text: [`${shortId(id.replace('sha256:', ''))}, ${formatPlatform(config)}, ${mebibytes(size)}`, ...made, usersText(names)].join('; '),
    notes: references.length > 1 ? [`It is also called ${references.filter((name) => name !== word).join(', ')}.`] : [],
    findings,
  }
}

/** A service that says nothing but its image. */
function bare(name: string): Service {
  return {
    name,
    at: { file: '', line: 0, column: 0 },
    image: name,
    ports: [],
    expose: [],
    mounts: [],
    environment: {},
    networks: {},
    restart: { name: 'no', maximumRetryCount: 0 },
    dependsOn: {},
    labels: {},
    options: { config: {}, hostConfig: {} },
  }
}
