/**
 * Texts of one language by their English ones. `{}` in an English text stands for what is put in there: a name, a number. The other text
 * has it as `{0}`, `{1}`, …, in any order; `{{0}}` is itself a text of the catalogue.
 */
export type Catalogue = Readonly<Record<string, string>>

interface Pattern {
  readonly regExp: RegExp
  readonly target: string
}

/**
 * A function that puts English texts into the catalogue's language; what is not in it stays as it is. `finish` is handed each text into
 * which something was put.
 */
export function translator(catalogue: Catalogue, finish = (text: string): string => text): (text: string) => string {
  const patterns = Object.entries(catalogue)
    .filter(([source]) => source.includes('{}'))
    // The more a text says itself, the less it can be mistaken.
    .toSorted(([a], [b]) => b.replaceAll('{}', '').length - a.replaceAll('{}', '').length)
    .map(([source, target]): Pattern => ({ regExp: regExpOf(source), target }))
  const translated = (text: string): string => {
    const whole = Object.hasOwn(catalogue, text) ? catalogue[text] : undefined
    if (whole !== undefined && !text.includes('{}')) return whole
    for (const { regExp, target } of patterns) {
      const match = regExp.exec(text)
      if (match !== null) return finish(filled(target, match.slice(1), translated))
    }
    return text
  }
  return translated
}

function regExpOf(source: string): RegExp {
  const parts = source.split('{}').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('(.*?)')}$`, 's')
}

function filled(target: string, values: readonly string[], translated: (text: string) => string): string {
  return target.replaceAll(/\{\{(\d+)\}\}|\{(\d+)\}/g, (_, inner: string | undefined, plain: string | undefined) =>
    inner === undefined ? (values[Number(plain)] ?? '') : translated(values[Number(inner)] ?? ''),
  )
}
