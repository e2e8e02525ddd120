/** A directory as one that looks for what can be run sees it. */
export interface Folder {
  /** What lies in it, not in directories below. */
  readonly names: readonly string[]
  /** A file's text, by its path from the directory; undefined when there is no such file. What isn't text has its ASCII parts. */
  read(path: string): string | undefined
}

/** How a directory can become an image. */
export interface Proposal {
  /** What was recognised, and by what: `a Maven project (pom.xml)`. */
  readonly what: string
  readonly dockerfile: string
  readonly dockerignore: string
}

/** Looks whether a directory is of one kind, and can be run. */
export type Proposer = (folder: Folder) => Proposal | undefined

/** One line for each, ending with a line end; undefined ones are left out. */
export function lines(...all: readonly (string | undefined)[]): string {
  return `${all.filter((line) => line !== undefined).join('\n')}\n`
}

/** Not for images of any kind: what tools keep for themselves, and what may hold passwords. */
export function ignoring(...more: readonly string[]): string {
  return lines('# What the image does not need, or must not have.', '.git', '.env', '.env.*', 'Dockerfile', '.dockerignore', ...more)
}

/** The line that says which port is published, or how to write one. */
export function expose(port: string | undefined): string {
  return port === undefined
    ? '# If it listens on a port, name it here and it is published: EXPOSE 8080'
    : `# The port that it listens on; galley up publishes it under the same number.\nEXPOSE ${port}`
}

/** Steps after which the program runs as a user of its own, who owns the working directory: many programs write there. */
export const ownUser: readonly string[] = [
  '# Not as root. Programs may write into their directory.',
  'RUN useradd --create-home app && chown app:app .',
]

/** Why the list of packages is copied by itself. */
export const beforeTheRest = '# Before the rest, so that packages are only installed again when the list of them changes.'
