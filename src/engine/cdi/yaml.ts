import { parse } from 'yaml'

/** What a YAML document says, as JSON has it. Throws the parser's error, which tells the place. */
export function readYaml(text: string): unknown {
  return parse(text) as unknown
}
