import { homedir } from 'node:os'
import type { Project } from '#compose/model/model.ts'
import { callerEnvironment } from './caller-environment.ts'
import type { NamedProject } from './project.ts'

/** Where Compose files from registries and repositories lie. */
export function cacheOfFiles(): string {
  const { XDG_CACHE_HOME: cached } = callerEnvironment()
  return `${cached === undefined || cached === '' ? `${homedir()}/.cache` : cached}/galley/projects`
}

/** Whether a file is one of these. */
export function isFromElsewhere(file: string, cache = cacheOfFiles()): boolean {
  return file.startsWith(`${cache}/`)
}

/** Lets the person agree to what files from elsewhere take of this machine, where a project has any. Throws as `agreeToRemote`. */
export async function agreeToOthers(project: Project, values: NamedProject & { readonly yes?: boolean | undefined }): Promise<void> {
  const foreign = [...new Set((project.written ?? []).map(({ at }) => at.file))].filter((file) => isFromElsewhere(file))
  if (foreign.length > 0) await (await import('./trust.ts')).agreeToRemote(project, foreign, values)
}
