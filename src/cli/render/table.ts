import { pad, widthOf } from './width.ts'

/** Columns under their heads, three spaces apart, as Docker sets them. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))))
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => pad(cell, (widths[column] ?? 0) + 3))
          .join('')
          .trimEnd()}\n`,
    )
    .join('')
}
