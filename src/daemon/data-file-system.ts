import { unfitFileSystem } from '#host/overlay/why-not.ts'

/** What the data's directory, which exists, is on, when containers can't have their files there; undefined when they can. */
export function unfitForData(directory: string): string | undefined {
  return unfitFileSystem(directory)
}
