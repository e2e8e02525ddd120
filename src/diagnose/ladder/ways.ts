import type { Clock } from '#base/clock.ts'
import { newId } from '#base/id.ts'
import type { Watched } from '#compose/apply/watch.ts'
import type { ContainerView } from '#compose/apply/world.ts'
import { isItself, mentionsOf, type Mention } from '../addresses.ts'
import type { Words } from '../finding.ts'
import { namesOf } from '../names.ts'
import { climb, type Climbed, type Way } from './climb.ts'
import { credentialsOf, protocolOf } from './credentials.ts'
import { footOf } from './foot.ts'

/** The way from a service to a database that its variables name, as it was gone. */
export interface WayGone extends Climbed, Way {
  readonly mention: Mention
  /** The container in whose network namespace it was gone: the service's own, or, where that doesn't run, the database's. */
  readonly from: string
}

export interface Known {
  readonly clock: Clock
  readonly looked: readonly Watched[]
  find(container: string): ContainerView | undefined
}

/** Goes the ways to the databases that a service is told to use, with what it is given to log in. */
export async function goWays(one: Watched, { clock, looked, find }: Known): Promise<WayGone[]> {
  const ways = mentionsOf(one.service).filter((mention) => !isItself(mention))
  const gone = await Promise.all(
    ways.map(async (mention): Promise<WayGone | undefined> => {
      const target = looked.find(({ service, container }) => namesOf(service, container).includes(mention.host))
      const protocol = protocolOf(one.service, mention, target?.service)
      const start = protocol === undefined ? undefined : startOf(one, target, { find })
      if (protocol === undefined || start === undefined) return undefined
      const credentials = credentialsOf(one.service, mention)
      const way = { host: start.address ?? mention.host, port: mention.port, protocol, credentials }
      const climbed = await climb(way, start.foot, { clock, nonce: newId() })
      return { ...way, ...climbed, host: mention.host, mention, from: start.from }
    }),
  )
  return gone.filter((way) => way !== undefined)
}

interface Start {
  readonly from: string
  readonly foot: NonNullable<ReturnType<typeof footOf>>
  /** Of the database, where the name can't be asked for. */
  readonly address?: string
}

function startOf(one: Watched, target: Watched | undefined, { find }: Pick<Known, 'find'>): Start | undefined {
  const own = footAt(find(one.container))
  if (own !== undefined) return { from: one.container, foot: own }
  const view = target && find(target.container)
  const foot = footAt(view)
  if (target === undefined || foot === undefined || view?.address === undefined) return undefined
  // A network that both are on is another question, which the engine answers.
  return { from: target.container, foot, address: view.address }
}

function footAt(view: ContainerView | undefined): ReturnType<typeof footOf> {
  return view !== undefined && view.pid > 0 ? footOf(view.pid) : undefined
}

/** What was met, in words. */
export function wayText({ from, host, address, port, said }: WayGone): Words {
  const where = address === undefined || address === host ? `${host}:${port}` : `${host} (${address}):${port}`
  return { en: `from inside ${from}, ${where}: ${said.en}`, ko: `${from} 컨테이너 안에서 ${where} 접속: ${said.ko}` }
}
