import { gradle } from './gradle.ts'
import { jar } from './jar.ts'
import { maven } from './maven.ts'
import { node } from './node.ts'
import type { Folder, Proposal, Proposer } from './proposal.ts'
import { python } from './python.ts'
import { staticSite } from './static.ts'

/** What says most about how a program is built comes first: a page beside package.json is the program's. */
const proposers: readonly Proposer[] = [gradle, maven, jar, node, python, staticSite]

export interface Proposed extends Proposal {
  /** What else the directory could be run as. */
  readonly others: readonly string[]
}

/** How a directory without a Dockerfile can be run; undefined when nothing is recognised that could be. */
export function propose(folder: Folder): Proposed | undefined {
  const [first, ...others] = proposers.flatMap((look) => look(folder) ?? [])
  return first && { ...first, others: others.map(({ what }) => what) }
}
