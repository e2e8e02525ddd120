import { expose, ignoring, lines, type Folder, type Proposal } from './proposal.ts'

interface Package {
  readonly scripts: Readonly<Record<string, string>>
  readonly packages: Readonly<Record<string, string>>
  readonly main: string | undefined
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
  const { main } = written
  return {
    scripts: textsOf(written['scripts']),
    packages: { ...textsOf(written['dependencies']), ...textsOf(written['devDependencies']) },
    main: typeof main === 'string' ? main : undefined,
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
  const start = scripts['start']
  const file = /^node\s+([\w./-]+)$/.exec(start ?? '')?.[1]
  if (file !== undefined) return ['node', file]
  // What react-scripts starts is a server for development.
  if (start !== undefined && !/^(?:react-scripts|vite|ng|vue-cli-service)\b/.test(start)) return ['npm', 'start']
  const found = [main, 'server.js', 'index.js', 'app.js'].find((name) => name !== undefined && folder.read(name) !== undefined)
  return start === undefined && found !== undefined ? ['node', found] : undefined
}

function program(folder: Folder, read: Package, command: readonly string[]): string {
  const source = command[0] === 'node' ? (folder.read(command[1] ?? '') ?? '') : ''
  return lines(
    // Packages may have to be compiled, which needs more than Node.js.
    Object.keys(read.packages).length === 0 ? 'FROM node:22-slim' : 'FROM node:22',
    'WORKDIR /app',
    ...install(folder, read),
    'COPY . .',
    read.scripts['build'] === undefined ? undefined : 'RUN npm run build',
    'ENV NODE_ENV=production',
    expose(portOf(source, read)),
    `CMD ${JSON.stringify(command)}`,
  )
}

/** What is written behind `PORT ||` or in `listen(…)`; frameworks' usual one otherwise. */
function portOf(source: string, { packages }: Package): string | undefined {
  const written = /PORT\s*\)?\s*(?:\|\||\?\?)\s*['"]?(\d+)|\.listen\(\s*(\d+)|\bport\s*[:=]\s*(\d+)/i.exec(source)
  const isServer = ['express', 'fastify', 'koa', 'next', '@nestjs/core', '@hapi/hapi', 'nuxt'].some((name) => Object.hasOwn(packages, name))
  return written?.slice(1).find(Boolean) ?? (isServer ? '3000' : undefined)
}

function builtSite(folder: Folder, read: Package): string | undefined {
  const made = ['vite', 'react-scripts'].find((name) => Object.hasOwn(read.packages, name))
  if (made === undefined || read.scripts['build'] === undefined) return undefined
  return lines(
    '# The first stage builds the pages; the image has them and a web server.',
    'FROM node:22 AS build',
    'WORKDIR /app',
    ...install(folder, read),
    'COPY . .',
    'RUN npm run build',
    '',
    'FROM nginx:1.28',
    `COPY --from=build /app/${made === 'vite' ? 'dist' : 'build'} /usr/share/nginx/html`,
    expose('80'),
  )
}

/** Nothing when there are no packages, so that no registry is needed. */
function install({ names }: Folder, { packages }: Package): readonly string[] {
  if (Object.keys(packages).length === 0) return []
  const why = '# Before the rest, so that packages are only installed again when the list of them changes.'
  if (names.includes('pnpm-lock.yaml'))
    return [why, 'COPY package.json pnpm-lock.yaml ./', 'RUN npm install -g pnpm && pnpm install --frozen-lockfile']
  if (names.includes('yarn.lock')) return [why, 'COPY package.json yarn.lock ./', 'RUN yarn install --frozen-lockfile']
  if (names.includes('package-lock.json')) return [why, 'COPY package.json package-lock.json ./', 'RUN npm ci']
  return [why, 'COPY package.json ./', 'RUN npm install']
}
