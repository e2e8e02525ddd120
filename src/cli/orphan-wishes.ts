import { projectVariables, type NamedProject } from './project.ts'

/** What becomes of containers of services that the file no longer has, by an option or a variable of docker compose. */
export async function orphanWishes(
  values: NamedProject & { readonly 'remove-orphans'?: boolean | undefined },
  directory?: string,
): Promise<{ readonly removeOrphans: boolean; readonly ignoreOrphans: boolean }> {
  // Of a Dockerfile that is only proposed there are none.
  const variables: Awaited<ReturnType<typeof projectVariables>> = await projectVariables(values, directory).catch(() => ({}))
  const isSet = (name: string): boolean => /^(1|t|true|y|yes)$/i.test(variables[name] ?? '')
  return {
    removeOrphans: values['remove-orphans'] === true || isSet('COMPOSE_REMOVE_ORPHANS'),
    ignoreOrphans: isSet('COMPOSE_IGNORE_ORPHANS'),
  }
}
