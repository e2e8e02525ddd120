/** What the launcher sets or takes away for this process alone. */
const launchers = ['MALLOC_ARENA_MAX', 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS', 'PERL_BADLANG'] as const

/** The caller's variables as they were before the launcher changed some of them, which it tells in `GALLEY_CALLER`: Compose files may name them. */
export function callerEnvironment(): Readonly<Record<string, string | undefined>> {
  const { GALLEY_CALLER: told, ...environment } = process.env
  if (told === undefined) return environment
  for (const name of launchers) delete environment[name]
  const lines = told.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line))
  return { ...environment, ...Object.fromEntries(lines.flatMap((found) => (found === null ? [] : [[found[1], found[2]]]))) }
}
