import { mkdirSync, symlinkSync } from 'node:fs'
import type { Instance } from './instance.ts'
import { newerPlugin } from './newer-clients.ts'

/** Gives an instance's docker command the newer plugins; false where no suite that has them can be reached. */
export async function usePlugins(instance: Instance, ...names: readonly ('docker-buildx' | 'docker-compose')[]): Promise<boolean> {
  const directory = `${instance.home}/.docker/cli-plugins`
  mkdirSync(directory, { recursive: true })
  for (const name of names) {
    const path = await newerPlugin(name)
    if (path === undefined) return false
    symlinkSync(path, `${directory}/${name}`)
  }
  return true
}
