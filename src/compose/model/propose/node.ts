import { connects, healthCheck, serves } from './health-check.ts'
import { beforeTheRest, expose, ignoring, lines, type Folder, type Proposal } from './proposal.ts'

interface Package {
  readonly scripts: Readonly<Record<string, string>>
  readonly packages: Readonly<Record<string, string>>
  readonly main: string | undefined
  /** It is made of packages in directories below. */
  readonly workspaces: boolean
}

/** A program with a start, or pages that a build makes. */
export function node(folder: Folder): Proposal | undefined {
  const read = packageIn(folder.read('package.json'))
  if (read === undefined) return undefined
  const command = commandOf(folder, read)
  const dockerfile = command === undefined ? builtSite(folder, read) : program(folder, read, command)
  if (dockerfile === undefined) return undefined
  // What a build makes is made in the image; without one it is what runs.
  const made = read.scripts['build'] === undefined ? [] : ['dist', 'build', '.next']
  return { what: 'a Node.js project (package.json)', dockerfile, dockerignore: ignoring('node_modules', 'npm-debug.log', ...made) }
}

/** Undefined for what npm would refuse. */
function packageIn(text: string | undefined): Package | undefined {
  const written = parsed(text)
  if (written === undefined) return undefined
  const { main, workspaces } = written
  return {
    scripts: textsOf(written['scripts']),
    packages: { ...textsOf(written['dependencies']), ...textsOf(written['devDependencies']) },
    main: typeof main === 'string' ? main : undefined,
    workspaces: workspaces !== undefined,
  }
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function textsOf(value: unknown): Record<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** A script that only names a file is run without npm, which passes no signals on. */
function commandOf(folder: Folder, { scripts, main }: Package): readonly string[] | undefined {
  // NestJS's start builds again, which is for development.
  const name = scripts['start:prod'] === undefined || scripts['build'] === undefined ? 'start' : 'start:prod'
  const start = scripts[name]
  const file = /^node\s+([\w./-]+)$/.exec(start ?? '')?.[1]
  if (file !== undefined) return ['node', file]
  // What react-scripts starts is a server for development.
  if (start !== undefined && !/^(?:react-scripts|vite|ng|vue-cli-service)\b/.test(start))
    return name === 'start' ? ['npm', 'start'] : ['npm', 'run', name]
  const found = [main, developed(scripts), ...rootFiles, ...(scripts['build'] === undefined ? sourceFiles : [])].find(
    (one) => one !== undefined && folder.read(one) !== undefined,
  )
  return start === undefined && found !== undefined ? ['node', found] : undefined
}

const rootFiles = ['server.js', 'index.js', 'app.js']

/** Where something is built of them, they may be for browsers. */
const sourceFiles = rootFiles.map((name) => `src/${name}`)

/** The file that the script for development starts again at each change. */
function developed({ dev }: Package['scripts']): string | undefined {
  return /^(?:node|nodemon)\s(?:.*\s)?([\w./-]+\.[cm]?js)$/.exec(dev ?? '')?.[1]
}

/** What runs the program: its image, and the user that it has there for it. */
interface Runtime {
  readonly full: string
  readonly slim: string
  readonly user: string
}

const nodeRuntime: Runtime = { full: 'node:22', slim: 'node:22-slim', user: 'node' }
const bunRuntime: Runtime = { full: 'oven/bun:1', slim: 'oven/bun:1', user: 'bun' }

function isForBun({ names }: Folder, { scripts }: Package): boolean {
  return names.some((name) => bunLocks.includes(name)) || /^bunx?\b/.test(scripts['start'] ?? '')
}

function program(folder: Folder, read: Package, command: readonly string[]): string {
  const forBun = isForBun(folder, read)
  const { full, slim, user } = forBun ? bunRuntime : nodeRuntime
  const { tool, copied, run } = install(folder, read)
  const isBuilt = read.scripts['build'] !== undefined
  // Nothing of what is only there for development is left to what a file alone starts.
  const lean = !isBuilt && command[0] === 'node' && /^npm (?:ci|install)$/.test(run ?? '') ? ' --omit=dev' : ''
  const port = portIn(folder, read, command)
  const copy = `COPY --chown=${user}:${user}`
  return lines(
    // Packages may have to be compiled, which needs more than Node.js.
    `FROM ${run === undefined ? slim : full}`,
    'WORKDIR /app',
    '# Not as root. Programs may write into their directory.',
    `RUN ${tool === undefined ? '' : `${tool} && `}chown ${user}:${user} .`,
    `USER ${user}`,
    ...(copied === undefined ? [] : [beforeTheRest, `${copy} ${copied} ./`, `RUN ${run}${lean}`]),
    `${copy} . .`,
    // The packages below name what they need themselves.
    copied === undefined && run !== undefined ? `RUN ${run}` : undefined,
    isBuilt ? `RUN ${forBun ? 'bun' : 'npm'} run build` : undefined,
    'ENV NODE_ENV=production',
    expose(port),
    healthCheck(port, forBun ? connects.bun : isServer(read) ? serves.node : connects.node),
    `CMD ${JSON.stringify(forBun && command[0] === 'npm' ? ['bun', 'run', 'start'] : command)}`,
  )
}

/** Of the workspace that the start names, where it names one. */
function portIn(folder: Folder, read: Package, command: readonly string[]): string | undefined {
  const start = read.scripts['start'] ?? ''
  const [, below] = /\s(?:-w|--workspace)[= ]([\w./-]+)/.exec(start) ?? []
  const inner = below === undefined ? undefined : packageIn(folder.read(`${below}/package.json`))
  if (below !== undefined && inner !== undefined)
    return portOf(sourceOf({ ...folder, read: (path) => folder.read(`${below}/${path}`) }, inner), inner)
  const file = command[0] === 'node' ? command[1] : /^bun (?:run )?([\w./-]+)$/.exec(start)?.[1]
  return portOf(folder.read(file ?? '') ?? '', read)
}

function sourceOf(folder: Folder, read: Package): string {
  const [name, file = ''] = commandOf(folder, read) ?? []
  return name === 'node' ? (folder.read(file) ?? '') : ''
}

const servers = ['express', 'fastify', 'koa', 'next', '@nestjs/core', '@hapi/hapi', 'nuxt'] as const

function isServer({ packages }: Package): boolean {
  return servers.some((name) => Object.hasOwn(packages, name))
}

/** What is written behind `PORT ||` or in `listen(…)`; frameworks' usual one otherwise. */
function portOf(source: string, read: Package): string | undefined {
  const written = /PORT\s*\)?\s*(?:\|\||\?\?)\s*['"]?(\d+)|\.listen\(\s*(\d+)|\bport\s*[:=]\s*(\d+)/i.exec(source)
  return written?.slice(1).find(Boolean) ?? (isServer(read) ? '3000' : undefined)
}

function builtSite(folder: Folder, read: Package): string | undefined {
  const made = ['vite', 'react-scripts'].find((name) => Object.hasOwn(read.packages, name))
  const { tool, copied, run } = install(folder, read)
  if (made === undefined || read.scripts['build'] === undefined || copied === undefined) return undefined
  return lines(
    '# The first stage builds the pages; the image has them and a web server.',
    'FROM node:22 AS build',
    'WORKDIR /app',
    tool === undefined ? undefined : `RUN ${tool}`,
    beforeTheRest,
    `COPY ${copied} ./`,
    `RUN ${run}`,
    'COPY . .',
    'RUN npm run build',
    '',
    'FROM nginx:1.28',
    `COPY --from=build /app/${made === 'vite' ? 'dist' : 'build'} /usr/share/nginx/html`,
    expose('80'),
    healthCheck('80', connects.bash),
  )
}

interface Install {
  /** What installs the tool; undefined when the image has it. */
  readonly tool?: string
  /** The files that say what is installed; undefined when that takes all files. */
  readonly copied?: string
  /** Undefined when there are no packages, so that no registry is needed. */
  readonly run?: string
}

const bunLocks: readonly string[] = ['bun.lock', 'bun.lockb']

/** By the tool whose lock file is there. */
function install(folder: Folder, read: Package): Install {
  const { names } = folder
  const { packages, workspaces } = read
  if (Object.keys(packages).length === 0 && !workspaces) return {}
  const pnpm = { tool: 'npm install -g pnpm', lock: 'pnpm-lock.yaml', run: 'pnpm install --frozen-lockfile' }
  const yarn = { tool: undefined, lock: 'yarn.lock', run: 'yarn install --frozen-lockfile' }
  const npm = { tool: undefined, lock: 'package-lock.json', run: 'npm ci' }
  const bun = { tool: undefined, lock: bunLocks.find((one) => names.includes(one)) ?? '', run: 'bun install' }
  const without = isForBun(folder, read) ? bun : { ...npm, lock: '', run: 'npm install' }
  const { tool, lock, run } = [pnpm, yarn, npm].find((one) => names.includes(one.lock)) ?? without
  const copied = ['package.json', lock].filter((name) => name !== '').join(' ')
  return { ...(tool !== undefined && { tool }), ...(!workspaces && { copied }), run }
}
