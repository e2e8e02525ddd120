import { flagSwitch, flagValue, takeFlags, type Flags } from './flags.ts'
import type { Heredoc, LogicalLine } from './lines.ts'
import type { Bodies, Instruction, Keyword, MountOptions, Transfer } from './model.ts'
import { commandOf, deviceOf, jsonList, listOf, pairsOf, quotedWords, type Fail } from './operands.ts'
import { didYouMean, parseError } from './problem.ts'

/** An instruction's operands behind its flags, and what else its parser needs. */
interface Operands {
  readonly text: string
  readonly flags: Flags
  readonly line: LogicalLine
  readonly escape: string
  readonly fail: Fail
}

interface Grammar<K extends Keyword> {
  readonly flags?: readonly string[]
  /** Fewest and most operands; without a most the parser counts itself. */
  readonly operands?: 'one' | 'some'
  readonly body: (operands: Operands) => Bodies[K]
}

/** The language: every keyword with its flags and the parser of its operands. */
const grammar: { readonly [K in Keyword]: Grammar<K> } = {
  add: {
    flags: ['chown', 'chmod', 'link', 'exclude', 'checksum', 'unpack', 'keep-git-dir'],
    body: (operands) => ({
      ...transfer('ADD', operands),
      checksum: flagValue(operands.flags, 'checksum'),
      unpack: flagSwitch(operands.flags, 'unpack', operands.fail),
      keepGitDir: flagSwitch(operands.flags, 'keep-git-dir', operands.fail),
    }),
  },
  arg: {
    operands: 'some',
    body: ({ text, escape, fail }) => ({
      args: quotedWords(text, escape).map((word) => {
        const at = word.indexOf('=')
        if (at === 0) return fail('ARG names can not be blank')
        return at < 0 ? { name: word, value: undefined } : { name: word.slice(0, at), value: word.slice(at + 1) }
      }),
    }),
  },
  cmd: { body: ({ text, line }) => ({ command: commandOf(text, line.heredocs) }) },
  copy: {
    flags: ['from', 'chown', 'chmod', 'link', 'parents', 'exclude'],
    body: (operands) => ({ ...transfer('COPY', operands), from: flagValue(operands.flags, 'from') }),
  },
  entrypoint: { body: ({ text, line }) => ({ command: commandOf(text, line.heredocs) }) },
  env: { operands: 'some', body: ({ text, escape, fail }) => ({ pairs: pairsOf('ENV', text, escape, fail) }) },
  expose: { operands: 'some', body: ({ text }) => ({ ports: text.split(/\s+/) }) },
  healthcheck: {
    flags: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
    operands: 'some',
    body: ({ text, flags, line, fail }) => {
      const [, kind = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? []
      const options = new Map([...flags.values].map(([name, values]) => [name, values[0] ?? '']))
      if (/^none$/i.test(kind)) return rest === '' ? { options, test: 'none' } : fail('HEALTHCHECK NONE takes no arguments')
      if (!/^cmd$/i.test(kind)) return fail(`Unknown type "${kind.toUpperCase()}" in HEALTHCHECK (try CMD)`)
      return rest === '' ? fail('Missing command after HEALTHCHECK CMD') : { options, test: commandOf(rest, line.heredocs) }
    },
  },
  label: { operands: 'some', body: ({ text, escape, fail }) => ({ pairs: pairsOf('LABEL', text, escape, fail) }) },
  maintainer: { operands: 'some', body: ({ text }) => ({ value: text }) },
  onbuild: { operands: 'some', body: ({ text, line, fail }) => ({ trigger: withHeredocs(triggerOf(text, fail), line.heredocs) }) },
  run: {
    flags: ['mount', 'network', 'security', 'device'],
    operands: 'some',
    body: ({ text, flags, line, fail }) => ({
      command: commandOf(text, line.heredocs),
      mounts: (flags.values.get('mount') ?? []).map((value) => mountOptions(value, fail)),
      network: flagValue(flags, 'network'),
      security: flagValue(flags, 'security'),
      devices: (flags.values.get('device') ?? []).map((value) => deviceOf(value, fail)),
    }),
  },
  shell: {
    operands: 'some',
    body: ({ text, fail }) => {
      const args = jsonList(text)
      if (args === undefined || args.length === 0) return fail('SHELL requires the arguments to be in JSON form')
      return { args }
    },
  },
  stopsignal: { operands: 'one', body: ({ text }) => ({ value: text }) },
  user: { operands: 'one', body: ({ text }) => ({ value: text }) },
  volume: {
    operands: 'some',
    body: ({ text, fail }) => {
      const paths = listOf(text)
      return paths.length === 0 || paths.includes('') ? fail('VOLUME specified can not be an empty string') : { paths }
    },
  },
  workdir: { operands: 'one', body: ({ text }) => ({ value: text }) },
}

const keywords = [...Object.keys(grammar), 'from'].map((name) => name.toUpperCase())

/** Splits a line into its keyword, in lower case, and the rest with its offset. */
export function splitKeyword({ text }: LogicalLine): { keyword: string; written: string; rest: string; offset: number } {
  const [, written = '', space = '', rest = ''] = /^(\S*)(\s*)(.*)$/s.exec(text) ?? []
  return { keyword: written.toLowerCase(), written, rest, offset: written.length + space.length }
}

/** Parses any instruction but `FROM`. Throws `invalid` with the place. */
export function parseInstruction(line: LogicalLine, escape: string): Instruction {
  const { keyword, written, rest, offset } = splitKeyword(line)
  if (!isKeyword(keyword))
    throw parseError(line.place(0, written.length), `unknown instruction: ${written}${didYouMean(written, keywords)}`)
  const fail: Fail = (problem) => {
    throw parseError(line.place(offset, Math.max(1, rest.length)), problem)
  }
  const { flags: known = [], operands, body } = grammar[keyword]
  const flags = takeFlags(rest, known, (problem, at, length) => {
    throw parseError(line.place(offset + at, length), problem)
  })
  const name = keyword.toUpperCase()
  if (operands !== undefined && flags.rest === '') fail(`${name} requires ${operands === 'one' ? 'exactly' : 'at least'} one argument`)
  if (keyword === 'user' || keyword === 'stopsignal') if (/\s/.test(flags.rest)) fail(`${name} requires exactly one argument`)
  // The table pairs each keyword with its own body, which the compiler can't follow through an index.
  const parsed = body({ text: flags.rest, flags, line, escape, fail })
  return { keyword, text: `${name} ${rest}`.trim(), place: line.place(0, line.text.length), ...parsed } as Instruction
}

function isKeyword(text: string): text is Keyword {
  return Object.hasOwn(grammar, text)
}

function transfer(name: 'ADD' | 'COPY', { text, flags, line, fail }: Operands): Transfer {
  const words = listOf(text)
  const destination = words.pop()
  if (destination === undefined) return fail(`${name} requires at least two arguments, but none were provided`)
  if (words.length === 0)
    return fail(`${name} requires at least two arguments, but only one was provided. Destination could not be determined`)
  const inline = line.heredocs
  return {
    sources: inline.length === 0 ? words : words.filter((word) => !word.startsWith('<<')),
    inline,
    destination,
    chown: flagValue(flags, 'chown'),
    chmod: flagValue(flags, 'chmod'),
    link: flagSwitch(flags, 'link', fail) ?? false,
    parents: flagSwitch(flags, 'parents', fail) ?? false,
    exclude: flags.values.get('exclude') ?? [],
  }
}

function triggerOf(text: string, fail: Fail): string {
  const name = text.split(/\s/, 1)[0]?.toLowerCase() ?? ''
  if (name === 'onbuild') return fail("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
  if (name === 'from' || name === 'maintainer') return fail(`${name.toUpperCase()} isn't allowed as an ONBUILD trigger`)
  if (!isKeyword(name)) return fail(`unknown instruction: ${name.toUpperCase()}${didYouMean(name, keywords)}`)
  return text
}

function withHeredocs(text: string, heredocs: readonly Heredoc[]): string {
  return [text, ...heredocs.map(({ name, text: body }) => `${body}${name}`)].join('\n')
}

/** Comma-separated fields with quotes as in CSV; a field without a value is true. */
function mountOptions(text: string, fail: Fail): MountOptions {
  const fields = text.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? []
  const options = new Map<string, string>()
  for (const field of fields) {
    const plain = field.replaceAll('"', '')
    const at = plain.indexOf('=')
    const name = (at < 0 ? plain : plain.slice(0, at)).trim().toLowerCase()
    if (!mountFields.includes(name)) return fail(`unexpected key '${name}' in '${plain}'${didYouMean(name, mountFields)}`)
    options.set(name, at < 0 ? 'true' : plain.slice(at + 1))
  }
  if (options.get('from')?.includes('$') === true) return fail("'from' doesn't support variable expansion, define alias stage instead")
  return options
}

const mountFields = [
  'type',
  'target',
  'dst',
  'destination',
  'source',
  'src',
  'from',
  'id',
  'sharing',
  'ro',
  'readonly',
  'rw',
  'readwrite',
  'required',
  'mode',
  'uid',
  'gid',
  'size',
  'env',
]
