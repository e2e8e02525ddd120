import type { Options } from '../options.ts'

/** Options that were given, as words of a command; `renamed` has other names of some. */
export function flags(
  options: Options,
  values: Readonly<Record<string, unknown>>,
  renamed: readonly (readonly [string, string])[],
): string[] {
  const names = new Map(renamed)
  return Object.entries(options).flatMap(([name, { default: usual }]) => {
    const [flag, value] = [`--${names.get(name) ?? name}`, values[name]]
    if (value === usual) return []
    if (usual === true) return [`${flag}=${String(value)}`]
    if (value === true) return [flag]
    return (Array.isArray(value) ? value : typeof value === 'string' ? [value] : []).flatMap((one) => [flag, String(one)])
  })
}
