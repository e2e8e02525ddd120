import { label } from '#base/compose-labels.ts'
import { profilesOf } from '#compose/model/profiles.ts'
import { fieldIn } from '#compose/model/tree.ts'
import { askJson, socketPath } from '../connect.ts'
import { explained } from '../explain/explain.ts'
import { nameOfProject, readOpen, type NamedProject } from '../project.ts'
import { nameOf, serviceOf, type ContainerRow } from '../verbs/containers.ts'

/** Names that are there now. Each is asked for when it is needed; what can't be had is empty. */
export interface Names {
  services(): Promise<readonly string[]>
  profiles(): Promise<readonly string[]>
  projects(): Promise<readonly string[]>
  containers(): Promise<readonly string[]>
  /** With their tags. */
  images(): Promise<readonly string[]>
  networks(): Promise<readonly string[]>
  volumes(): Promise<readonly string[]>
  /** Of a service: `80`, `53/udp`. */
  ports(service: string): Promise<readonly string[]>
  /** Images that can be made here without a registry. */
  catalogue(): Promise<readonly string[]>
  /** What `galley explain` knows. */
  ids(): readonly string[]
}

export function names(named: NamedProject): Names {
  return {
    services: async () =>
      await first(
        () => servicesInFiles(named),
        () => servicesOfContainers(named),
      ),
    profiles: async () => await first(async () => [...new Set((await entriesOf(named)).flatMap(([, entry]) => profilesOf(entry)))]),
    projects: async () => await first(async () => unique((await containers()).map(({ Labels }) => Labels[label.project] ?? ''))),
    containers: async () => await first(async () => (await containers()).map(nameOf)),
    images: async () =>
      await first(async () => (await live<{ RepoTags: string[] | null }[]>('/images/json')).flatMap(({ RepoTags }) => RepoTags ?? [])),
    networks: async () => await first(async () => (await live<{ Name: string }[]>('/networks')).map(({ Name }) => Name)),
    volumes: async () =>
      await first(async () => ((await live<{ Volumes: { Name: string }[] | null }>('/volumes')).Volumes ?? []).map(({ Name }) => Name)),
    ports: async (service) => await first(async () => portsIn((await containersOf(named)).filter((row) => serviceOf(row) === service))),
    catalogue: async () =>
      await first(async () => unique((await live<{ repository: string }[]>('/galley/v1/catalogue')).map(({ repository }) => repository))),
    ids: explained,
  }
}

/** The first of these that can be had. */
async function first(...ways: readonly (() => Promise<readonly string[]>)[]): Promise<readonly string[]> {
  for (const way of ways) {
    try {
      return await way()
    } catch {
      // The next one, or nothing.
    }
  }
  return []
}

async function servicesInFiles(named: NamedProject): Promise<readonly string[]> {
  return (await entriesOf(named)).map(([name]) => name)
}

/** Services, those of other profiles too. */
async function entriesOf(named: NamedProject): Promise<[string, Parameters<typeof profilesOf>[0]][]> {
  const { document } = await readOpen(named, { wishes: { normalises: false, placesPaths: false } })
  const services = fieldIn(document, 'services')
  return services?.kind === 'mapping' ? [...services.entries] : []
}

async function servicesOfContainers(named: NamedProject): Promise<readonly string[]> {
  return unique((await containersOf(named)).map(serviceOf))
}

async function containersOf(named: NamedProject): Promise<readonly ContainerRow[]> {
  const project = await nameOfProject(named)
  return (await containers()).filter(({ Labels }) => Labels[label.project] === project)
}

function containers(): Promise<readonly ContainerRow[]> {
  return live<readonly ContainerRow[]>('/containers/json?all=1')
}

function portsIn(rows: readonly ContainerRow[]): readonly string[] {
  const published = rows.flatMap(({ Ports }) => Ports).filter(({ PublicPort }) => PublicPort !== undefined)
  return unique(published.map(({ PrivatePort, Type }) => (Type === 'tcp' ? String(PrivatePort) : `${PrivatePort}/${Type}`)))
}

function unique(words: readonly string[]): readonly string[] {
  return [...new Set(words)].filter((word) => word !== '')
}

/** Milliseconds for which a shell may stand still. */
const patience = 500

/** Asks a daemon that runs; none is started for a press of the tab key. */
function live<T>(path: string): Promise<T> {
  return askJson<T>(path, { at: socketPath(), signal: AbortSignal.timeout(patience) })
}
