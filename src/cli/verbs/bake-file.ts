import { realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { composeVersion, label } from '#base/compose-labels.ts'
import type { Build, Project, Service } from '#compose/model/model.ts'
import { hasImageName } from '#compose/plan/images.ts'

/** What of a build the command says beside the file. */
export interface BakeWishes {
  readonly args: Readonly<Record<string, string>>
  readonly noCache: boolean
  readonly pull: boolean
  readonly push: boolean
  /** The Dockerfile is to be checked only. */
  readonly check: boolean
}

/** The builds of a project's services as a file for `docker buildx bake`, as docker compose prints it. Labels are those of its own builds. */
export function bakeFile(project: Project, wishes: BakeWishes): string {
  const built = Object.values({ ...project.services, ...project.below }).flatMap((service) =>
    service.build === undefined ? [] : [{ ...service, build: service.build }],
  )
  const targets = targetNames(Object.keys({ ...project.services, ...project.below }))
  const file = {
    group: { default: { targets: built.map(({ name }) => targets.get(name)) } },
    target: Object.fromEntries(
      built
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map((service) => [targets.get(service.name), targetOf(project, service, { ...wishes, targets })]),
    ),
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** Bake's names have no dots; two that are one then get underscores. */
function targetNames(services: readonly string[]): Map<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const service of services.toSorted()) {
    let name = service.replaceAll('.', '_')
    while (taken.has(name)) name += '_'
    taken.add(name)
    names.set(service, name)
  }
  return names
}

interface Naming {
  readonly targets: ReadonlyMap<string, string>
}

type Built = Service & { readonly build: Build }

function targetOf(project: Project, { name, image, build, ...service }: Built, wishes: BakeWishes & Naming): object {
  const args = mapped({ ...build.args, ...wishes.args }, escaped)
  const platforms = service.platform === undefined ? build.platforms : [service.platform]
  const isPushed = wishes.push && hasImageName(project, { ...service, name, image, build })
  return filled({
    context: build.context,
    contexts: mapped(build.additionalContexts ?? {}, (text) =>
      text.startsWith('service:') ? `target:${wishes.targets.get(text.slice('service:'.length)) ?? ''}` : text,
    ),
    dockerfile: build.dockerfileInline === undefined ? dockerfilePath(build) : undefined,
    'dockerfile-inline': build.dockerfileInline === undefined ? undefined : escaped(build.dockerfileInline),
    args,
    labels: sorted({
      ...build.labels,
      [label.project]: project.name,
      [label.service]: name,
      [label.version]: composeVersion,
    }),
    tags: [...(build.tags ?? []), image],
    'cache-from': build.cacheFrom,
    'cache-to': build.cacheTo,
    target: build.target,
    secret: secretsOf(project, build),
    ssh: Object.entries(build.ssh ?? {}).map(([id, path]) => `${id}=${path ?? ''}`),
    platforms,
    pull: build.pull === true || wishes.pull,
    'no-cache': build.noCache === true || wishes.noCache,
    network: build.network,
    'no-cache-filter': build.noCacheFilter,
    'shm-size': build.shmSize === undefined ? undefined : String(build.shmSize),
    ulimits: (build.ulimits ?? []).map(({ name: limit, soft, hard }) => (soft === hard ? `${limit}=${soft}` : `${limit}=${soft}:${hard}`)),
    call: wishes.check ? 'lint' : undefined,
    entitlements: [...(build.entitlements ?? []), ...(build.privileged === true ? ['security.insecure'] : [])],
    'extra-hosts': hostsOf(build),
    output: wishes.check ? undefined : [outputOf((platforms ?? []).length > 1, isPushed)],
    attest: Object.entries({ provenance: build.provenance, sbom: build.sbom }).flatMap(([type, value = 'false']) =>
      value === 'false' ? [] : [`type=${type}${value === 'true' ? '' : `,${value}`}`],
    ),
  })
}

function outputOf(several: boolean, isPushed: boolean): string {
  return several ? `type=image,push=${isPushed}` : isPushed ? 'type=registry' : 'type=docker'
}

function secretsOf({ secrets = {} }: Project, build: Build): string[] {
  return (build.secrets ?? []).flatMap(({ source, target }) => {
    const from = secrets[source]?.source
    const id = target.replace(/^\/run\/secrets\//, '')
    if (from?.from === 'environment') return [`id=${id},type=env,env=${from.variable}`]
    return from?.from === 'file' ? [`id=${id},type=file,src=${from.path}`] : []
  })
}

function hostsOf({ extraHosts = [] }: Build): Record<string, string> {
  const parts = extraHosts.map((text) => text.split(/:(.*)/s, 2) as [string, string])
  return sorted(
    Object.fromEntries([...Map.groupBy(parts, ([host]) => host)].map(([host, all]) => [host, all.map(([, address]) => address).join(',')])),
  )
}

/** Of a directory here, where it really is. */
function dockerfilePath({ context, dockerfile }: Build): string {
  if (!isAbsolute(context)) return dockerfile
  const path = isAbsolute(dockerfile) ? dockerfile : resolve(context, dockerfile)
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch {
    return path
  }
}

/** Bake replaces variables, too. */
function escaped(text: string): string {
  return text.replaceAll('${', () => '$${')
}

function mapped(all: Readonly<Record<string, string>>, change: (text: string) => string): Record<string, string> {
  return sorted(Object.fromEntries(Object.entries(all).map(([name, text]) => [name, change(text)])))
}

function sorted(all: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Without what is empty. */
function filled(all: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(all).filter(
      ([, value]) =>
        value !== undefined && value !== '' && value !== false && !(typeof value === 'object' && Object.keys(value ?? {}).length === 0),
    ),
  )
}
