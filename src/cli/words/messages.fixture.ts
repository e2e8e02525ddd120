import { globSync, readFileSync } from 'node:fs'
import { literalsOf, type Literal } from './literals.fixture.ts'

/** Where texts come from that the command prints: the command itself, and what the daemon tells it about projects. */
const sources = [
  'src/cli/**/*.ts',
  'src/compose/{apply,model,plan}/*.ts',
  'src/compose/model/{propose,publish}/*.ts',
  'src/faces/galley/*.ts',
  'src/diagnose/{look,things/*}.ts',
  'src/daemon/{claim,config,purge,registry-door,stop-containers,tcp-door,uninstall}.ts',
  'src/daemon/projects/{build,place-files}.ts',
]

/** Where else errors come from that reach people through the command. What only the faces of other protocols throw is for their clients. */
const rooms = 'src/{base,build,compose,content,daemon,diagnose,engine,host,keeper,registry,store,faces/galley}/**/*.ts'

/** What is called with the text of an error: its class, and the small functions of some rooms. */
const thrower =
  /(?:Error|^invalid(?:At)?|^unsupported(?:At)?|^forbidden|^refused?|^fail(?:ed)?|^damaged|^wrong|^absent|^notInDebian|^denied|^notADevice|^cannotDelete|^failedRequest)$/

/** Behind what the text of an error is written, when it is not handed over at once. */
const named = /\b(?:message|advice|why|reason)(?:: |\s*=\s*|: \([^)]*\) =>\s*)$/

/** Kinds and codes of errors, and lines to be typed. */
const notAnError =
  /^(invalid|unauthenticated|forbidden|conflict|unchanged|expired|throttled|unavailable|timeout|internal)$|^[\w-]+(\.[\w-]+)+$|^(mount --|ps: |\{"|files have bodies$)/

/** Broken promises of the code itself, and what a client of another protocol reads. */
const notForPeople = /memory-content|store\/suite|build\/checks\/rules|keeper\/main|kernel\/platform|process\/fork/

/** Scripts for other programs, what is rehearsed, what is told in both languages where it is written, and words of BuildKit and of Go's templates, which stay as their users know them. */
const others =
  /\.test\.ts$|fixture|cli\/rehearsal\/example\.ts$|cli\/completion\/(scripts|place)\.ts$|cli\/render\/finding\.ts$|faces\/galley\/lint\.ts$|cli\/(?:build\/(?:answers|failure|plain|warnings)|template\/\w+)\.ts$/

/** Texts of several words that nobody is told: names in protocols and files, commands to be typed, keys of steps. */
const notTold = [
  /^(not found|not implemented|already exists|too large)$/,
  /^(GET|POST|PUT|DELETE|HEAD) /,
  /^(export DOCKER_HOST|galley (daemon|explain|import|cp|install|uninstall|build|\{\}$)|galley: \{\}|\{\} galley|sudo |umount |modprobe |mount -t |sysctl |apt-get |docker system prune$|docker (?:run )?\{\}$|nft add |ulimit |cgroup_enable)/,
  /^(?:build\.ssh|build\.entitlements|cap_add|devices|security_opt|volume \{\}|service "\{\}"|\{\}): (?:\{\}:?)+$|^\{\}: host$|^volume \{\}$|^ssh -o |^galley publish localhost/,
  /^(?:node -e|bun -e|python -c|bash -c|php -r) /,
  /^(FROM|RUN|COPY|CMD|ENV|USER) |^(npm|pnpm|yarn|bun) (ci|install)\b/,
  /^# (?!docker compose)|^-r |^\[Unit\]|^\{\} && cp |^fastapi /,
  /^(image|network|volume|remove|resume|settle|stop|wait) \{\}( \{\})*$/,
  /^(\{\}[ .:\n{}]*)+( (in|ago|of|is) *[{} .:\n]*)?$|^\{\} container \{\}|^\{\} \{\}\.path|^Step \{\}|^Linux \{\}$|\.deploy\.mode: /,
  /^(all have ended|one ends|one fails|a link|carried out|build secret|undefined service|Dockerfile in|a service that no active profile enables,)$/,
  /^ ?[A-Z-]+ [A-Z/ -]+$/,
  /^\w+: \{\{\.\w+\}\}/,
]
const silent = [
  /\busage: $/,
  /\blog\.(info|warn|error)\($/,
  /new RegExp\($/,
  /\bwords\(\s*$/,
  /\bbelow\([^)]*$/,
  /\bmode: $/,
  /\n {2}\[$/,
  /\btype: $/,
  /\bid: $/,
  /\bcase $/,
]

/** Several words, of which the second may be put in later. */
const sentence = /[a-z}'’)\]"][,:;.]? +(?:[a-z{"'(&<]|--|-[a-z]\b)/i

/** Words for states, which stand alone. */
const states =
  /\b(?:working|done|status|waiting|up|completed|failed): $|\bwords: \[$|\bwords: \['\w+', $|\breturn $|\btell\($|\? $|'Made' : $/

/** Each English text that people are told, once; `{}` stands for what is put in. */
export function messages(): string[] {
  const files = sources.flatMap(filesOf).filter((path) => !others.test(path))
  const told = files.flatMap((path) => {
    const literals = literalsOf(readFileSync(path, 'utf8')).filter(({ before }) => !silent.some((one) => one.test(before)))
    const isApplied = /compose\/apply|cli\/verbs\/life|cli\/bundle|cli\/verbs\/push|cli\/render\/plain|faces\/galley\/catalogue/.test(path)
    return literals.filter(({ text, before }) => sentence.test(text) || (isApplied && /^[A-Z][a-z]+$/.test(text) && states.test(before)))
  })
  const texts = [...told, ...errors()].map(({ text }) => text.replaceAll(/^\n+|\n+$/g, ''))
  return [...new Set(texts)].filter((text) => /[a-z]{2}/i.test(text.replaceAll('{}', '')) && !notTold.some((one) => one.test(text)))
}

/** A file that has moved is no longer looked at: throws when nothing is where a pattern, or one of its alternatives, says. */
function filesOf(pattern: string): string[] {
  const [, before = pattern, alternatives = '', after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(pattern) ?? []
  return alternatives.split(',').flatMap((one) => {
    const files = globSync(before + one + after)
    if (files.length === 0) throw new Error(`nothing is at ${before}${one}${after}, where texts were to be looked for`)
    return files
  })
}

function errors(): Literal[] {
  const files = filesOf(rooms).filter((path) => !/\.test\.ts$|fixture/.test(path) && !notForPeople.test(path))
  return files.flatMap((path) =>
    literalsOf(readFileSync(path, 'utf8')).filter(({ text, before, calls }) => {
      const callees = calls.map((name) => name.replace(/^.*[.#]/, ''))
      const isError = callees.some((name) => thrower.test(name)) || named.test(before)
      const isLog = callees.some((name) => /^(info|warn|error)$/.test(name))
      return isError && !isLog && sentence.test(text) && !notAnError.test(text) && !/(code|subject): $/.test(before)
    }),
  )
}
