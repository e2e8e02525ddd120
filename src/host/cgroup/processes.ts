import { readdirSync } from 'node:fs'
import { readControl } from './files.ts'
import { cgroupTree } from './tree.ts'

/** The processes of a group and of all groups below it, by the host's numbers. */
export function groupProcesses(path: string): number[] {
  const tree = cgroupTree()
  const directory = tree.directory('pids', path) ?? tree.directories(path)[0]
  return directory === undefined ? [] : below(directory)
}

function below(directory: string): number[] {
  const own = (readControl(directory, 'cgroup.procs') ?? '').split('\n').filter((line) => line !== '')
  return [...own.map(Number), ...children(directory).flatMap(below)]
}

function children(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${directory}/${name}`)
  } catch {
    return []
  }
}
