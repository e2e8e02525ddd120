import type { YAMLParseError } from 'yaml'

/** What is wrong with a YAML file, and how it is written right. */
export interface YamlProblem {
  readonly message: string
  readonly advice?: string
}

const sameSpaces = 'Indent what belongs together by the same number of spaces.'

/** The parser's words, by what they begin with, in words for those who write Compose files. */
const problems: readonly (readonly [RegExp, YamlProblem])[] = [
  [
    /^(All (mapping|sequence) items must start at the same column|Sequence item without - indicator)/,
    { message: 'this line is not indented like those beside it', advice: sameSpaces },
  ],
  [
    /^A block sequence may not be used as an implicit map key/,
    {
      message: 'a list goes on among keys here',
      advice: 'Write all of them as "- KEY=value", or all of them as "KEY: value".',
    },
  ],
  [
    /^(Nested mappings are not allowed)/,
    {
      message: 'this is indented deeper than what stands above it, or has a second "key: " in its line',
      advice: 'Indent what belongs together by the same number of spaces, and put a text with a colon in quotes.',
    },
  ],
  [
    /^Implicit (map )?keys need/,
    { message: 'a colon is missing behind this', advice: 'It is written "key: value", with a space behind the colon.' },
  ],
  [/^Missing closing ['"]quote/, { message: 'a quote is not closed', advice: 'Close it in the same line.' }],
  [/^Tabs are not allowed/, { message: 'a tab indents this line', advice: 'Indent by spaces: YAML takes no tabs.' }],
  [/^Plain value cannot start/, { message: 'a value cannot begin with this character', advice: 'Put the value in quotes.' }],
  [/^Unexpected scalar at node end/, { message: 'something stands behind a text in quotes', advice: 'Put the whole value in quotes.' }],
  [
    /^Unexpected block-seq-ind/,
    { message: 'a list cannot begin behind a key in the same line', advice: 'Begin it in the next line, or write it as [a, b].' },
  ],
  [
    /^(Missing , |Flow (map|sequence) in block collection|Expected a flow|Unexpected flow-)/,
    { message: 'brackets or braces are not closed here, or lack a comma', advice: 'They are written [a, b] and {a: b, c: d}.' },
  ],
]

/** Copied from a page or a chat: a space that does not break (U+00A0), or a wide one (U+3000). The parser takes them for letters. */
export const seemingSpace: YamlProblem & { readonly pattern: RegExp } = {
  pattern: /^ *[\u00a0\u3000]/,
  message: 'something that only looks like a space indents this line',
  advice: 'Delete it, and type spaces in its place.',
}

/** Says what a parser's error means in a line of such a text; its own words where nothing better is known. */
export function yamlProblem({ message }: Pick<YAMLParseError, 'message'>, line: string): YamlProblem {
  if (seemingSpace.pattern.test(line)) return seemingSpace
  return problems.find(([pattern]) => pattern.test(message))?.[1] ?? { message: `this is not YAML: ${message}` }
}
