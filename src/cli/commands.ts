import type { Command } from './command.ts'

type Load = () => Promise<Command>

const life = (name: 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause' | 'rm'): Load => {
  return async () => (await import('./verbs/life.ts')).lifeCommand(name)
}

/** What can be done with a project: `galley VERB`, and `galley compose VERB` with the flags of docker compose before it. */
export const verbs: Readonly<Record<string, Load>> = {
  up: async () => (await import('./verbs/up.ts')).up,
  down: async () => (await import('./verbs/down.ts')).down,
  ps: async () => (await import('./verbs/ps.ts')).ps,
  logs: async () => (await import('./verbs/logs.ts')).logs,
  build: async () => (await import('./verbs/project-build.ts')).buildServices,
  pull: async () => (await import('./verbs/pull.ts')).pull,
  publish: async () => (await import('./verbs/publish.ts')).publish,
  push: async () => (await import('./verbs/push.ts')).push,
  run: async () => (await import('./verbs/run.ts')).run,
  exec: async () => (await import('./verbs/exec.ts')).exec,
  cp: async () => (await import('./verbs/cp.ts')).cp,
  watch: async () => (await import('./verbs/watch.ts')).watch,
  start: life('start'),
  stop: life('stop'),
  restart: life('restart'),
  kill: life('kill'),
  pause: life('pause'),
  unpause: life('unpause'),
  rm: life('rm'),
  wait: async () => (await import('./verbs/wait.ts')).wait,
  top: async () => (await import('./verbs/looks.ts')).top,
  port: async () => (await import('./verbs/looks.ts')).port,
  images: async () => (await import('./verbs/images.ts')).images,
  events: async () => (await import('./verbs/events.ts')).events,
  config: async () => (await import('./verbs/config.ts')).config,
  diff: async () => (await import('./verbs/diff.ts')).diff,
  why: async () => (await import('./verbs/why.ts')).why,
  lint: async () => (await import('./verbs/lint.ts')).lint,
  scale: async () => (await import('./verbs/scale.ts')).scale,
  ls: async () => (await import('./verbs/ls.ts')).ls,
  create: async () => (await import('./verbs/create.ts')).create,
  attach: async () => (await import('./verbs/attach.ts')).attach,
  export: async () => (await import('./verbs/container-files.ts')).exportFiles,
  commit: async () => (await import('./verbs/container-files.ts')).commit,
  stats: async () => (await import('./verbs/stats.ts')).stats,
  volumes: async () => (await import('./verbs/volumes.ts')).volumes,
  version: async () => (await import('./version.ts')).version,
}

/** The verbs behind `galley compose`: those of galley, but where the two mean different things by a word. */
export const composeVerbs: Readonly<Record<string, Load>> = {
  ...verbs,
  up: async () => (await import('./verbs/compose-up.ts')).composeUp,
  pull: async () => (await import('./verbs/pull.ts')).composePull,
  cp: async () => (await import('./verbs/cp.ts')).composeCp,
}

/** Galley's own commands: dispatch first, load what the command needs afterwards. */
export const commands: Readonly<Record<string, Load>> = {
  ...verbs,
  build: async () => (await import('./verbs/build.ts')).build,
  bundle: async () => (await import('./bundle.ts')).bundle,
  compose: async () => (await import('./compose.ts')).compose,
  daemon: async () => (await import('./daemon.ts')).daemon,
  completion: async () => (await import('./completion/completion.ts')).completion,
  explain: async () => (await import('./explain/explain.ts')).explain,
  doctor: async () => (await import('./doctor/doctor.ts')).doctor,
  env: async () => (await import('./env.ts')).env,
  images: async () => (await import('./images.ts')).images,
  import: async () => (await import('./import.ts')).importDocker,
  install: async () => (await import('./install.ts')).install,
  registry: async () => (await import('./registry.ts')).registry,
  uninstall: async () => (await import('./install.ts')).uninstall,
}
