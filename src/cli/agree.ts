import type { Project } from '#compose/model/model.ts'
import { isFromElsewhere } from './file-cache.ts'
import type { NamedProject } from './project.ts'

/** Lets the person agree to what files from elsewhere take of this machine, where a project has any. Throws as `agreeToRemote`. */
export async function agreeToOthers(project: Project, values: NamedProject & { readonly yes?: boolean | undefined }): Promise<void> {
  const foreign = [...new Set((project.written ?? []).map(({ at }) => at.file))].filter((file) => isFromElsewhere(file))
  if (foreign.length > 0) await (await import('./trust.ts')).agreeToRemote(project, foreign, values)
}
