import { readdirSync, readFileSync } from 'node:fs'
import { messageOf } from '#base/error.ts'
import { specificationOf, type Edits, type Specification } from './specification.ts'

/** A device that a file of the machine declares for containers. */
export interface DeclaredDevice {
  /** `vendor.com/class=name`. */
  readonly name: string
  /** `vendor.com/class`. */
  readonly kind: string
  readonly annotations: ReadonlyMap<string, string>
  readonly edits: Edits
  /** Of all devices of its file, once for a container. */
  readonly common: Edits
}

export interface Declared {
  readonly devices: readonly DeclaredDevice[]
  /** Files that can't be read, and names that more than one file has. */
  readonly problems: readonly string[]
}

/**
 * Reads the files `*.json` and `*.yaml` of the directories (Container Device Interface, SPEC.md). A later directory's devices hide
 * those of an earlier one; of two files in one directory, neither counts.
 */
export async function declaredDevices(directories: readonly string[]): Promise<Declared> {
  const devices = new Map<string, DeclaredDevice>()
  const problems: string[] = []
  for (const directory of directories) {
    const here: DeclaredDevice[] = []
    for (const path of filesIn(directory))
      try {
        here.push(...devicesOf(await read(path)))
      } catch (error) {
        problems.push(`${path}: ${messageOf(error)}`)
      }
    for (const [name, [device, ...others]] of Map.groupBy(here, (one) => one.name)) {
      if (device !== undefined && others.length === 0) devices.set(name, device)
      else {
        devices.delete(name)
        problems.push(`${name} is in several files of ${directory}`)
      }
    }
  }
  return { devices: [...devices.values()], problems }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => /\.(json|yaml)$/.test(name))
      .toSorted()
      .map((name) => `${directory}/${name}`)
  } catch {
    return []
  }
}

async function read(path: string): Promise<Specification> {
  const text = readFileSync(path, 'utf8')
  if (path.endsWith('.json')) return specificationOf(JSON.parse(text) as unknown)
  // Loaded when there is something to read: most machines have no such file.
  const { readYaml } = await import('./yaml.ts')
  return specificationOf(readYaml(text))
}

function devicesOf({ kind, edits: common, devices }: Specification): DeclaredDevice[] {
  return devices.map(({ name, annotations, edits }) => ({ name: `${kind}=${name}`, kind, annotations, edits, common }))
}
