import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { GalleyError, reasonOf } from '#base/error.ts'
import type { Folder } from '#compose/model/propose/proposal.ts'
import { propose, unproposed, type Proposed } from '#compose/model/propose/propose.ts'
import { inWords } from './words.ts'

/** Of a file that is looked into, in bytes; only jars come near. */
const largest = 256 * 1024 * 1024

/** How a directory can be run that has no Dockerfile; undefined when nothing in it is recognised. */
export function proposalFor(directory: string): Proposed | undefined {
  const isDirectory = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true
  return isDirectory ? propose(folderAt(directory)) : undefined
}

/** What to say of a directory that gets no proposal; undefined when nothing in it is known. */
export function adviceFor(directory: string): string | undefined {
  return unproposed(folderAt(directory))
}

/** Tells what was recognised, and the Dockerfile. On stderr, as all that isn't a result. */
export function show({ what, others, dockerfile }: Proposed, directory: string, proposing: 'written' | 'shown'): void {
  const rest = others.map(inWords).join(', ')
  const also = others.length === 0 ? '' : inWords(` It could also be ${rest}; for that, write a Dockerfile of your own.`)
  const fate =
    proposing === 'written' ? 'This Dockerfile for it is kept there, for you to change' : 'up would keep this Dockerfile for it there'
  process.stderr.write(
    `${inWords(`In ${directory} there is ${what}.`)}${also}\n${inWords(fate)}:\n\n${dockerfile.replace(/^(?=.)/gm, '    ')}\n`,
  )
}

/** Writes the Dockerfile, and a .dockerignore where there is none. Throws `conflict` when that can't be done. */
export function keep({ dockerfile, dockerignore }: Proposed, directory: string): void {
  write(`${directory}/Dockerfile`, dockerfile)
  if (!existsSync(`${directory}/.dockerignore`)) write(`${directory}/.dockerignore`, dockerignore)
}

function folderAt(directory: string): Folder {
  return {
    names: readdirSync(directory).toSorted(),
    read: (path) => {
      const file = statSync(`${directory}/${path}`, { throwIfNoEntry: false })
      return file?.isFile() === true && file.size <= largest ? readFileSync(`${directory}/${path}`, 'utf8') : undefined
    },
  }
}

/** Never over something that is there, be it a link to nowhere. */
function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    throw new GalleyError('conflict', `cannot keep the proposed ${path}: ${reasonOf(error)}`, {
      subject: path,
      advice: 'Write the Dockerfile shown above there yourself, or run galley up in a copy of the directory that you may write to.',
      cause: error,
    })
  }
}
