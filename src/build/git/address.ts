import { GalleyError } from '#base/error.ts'

/** What a git address names (Dockerfile reference, ADD git; `docker build` contexts). */
export interface GitAddress {
  /** As git takes it. */
  readonly remote: string
  /** Branch, tag or commit; undefined for the remote's own choice. */
  readonly ref: string | undefined
  /** Directory in the repository; empty for all of it. */
  readonly directory: string
  /** The commit that it must turn out to be, or its beginning. */
  readonly checksum: string | undefined
  /** undefined when the address doesn't say. */
  readonly keepsGitDirectory: boolean | undefined
  readonly submodules: boolean
}

/** Reads `https://host/path.git#ref:directory`, its form with a query, `git@host:path`, `git://…` and `ssh://…`; undefined for any other text. Throws `invalid`. */
export function parseGitAddress(text: string): GitAddress | undefined {
  if (/^(git@|git:\/\/|ssh:\/\/)/.test(text)) return addressOf(text)
  return /^https?:\/\/[^?#]*\.git\/?([?#]|$)/.test(text) ? addressOf(text) : undefined
}

/** As `parseGitAddress`, for a build context, which may leave the scheme of github.com away. */
export function parseGitContext(text: string): GitAddress | undefined {
  return text.startsWith('github.com/') ? addressOf(`https://${text}`) : parseGitAddress(text)
}

const known = new Set(['ref', 'branch', 'tag', 'commit', 'checksum', 'subdir', 'keep-git-dir', 'submodules'])

function addressOf(text: string): GitAddress {
  const [, remote = '', query = '', fragment = ''] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? []
  const fields = new URLSearchParams(query)
  for (const name of fields.keys())
    if (!known.has(name)) throw new GalleyError('invalid', `unexpected query "${name}" in git address ${text}`, { subject: text })
  const colon = fragment.indexOf(':')
  const [ref, directory] = colon < 0 ? [fragment, ''] : [fragment.slice(0, colon), fragment.slice(colon + 1)]
  const branch = fields.get('branch')
  const tag = fields.get('tag')
  const named = [ref, fields.get('ref'), branch && `refs/heads/${branch}`, tag && `refs/tags/${tag}`].find((name) => name) || undefined
  if (named?.startsWith('-') === true || remote.startsWith('-'))
    throw new GalleyError('invalid', `invalid git address ${text}`, { subject: text })
  const keep = fields.get('keep-git-dir')
  return {
    remote,
    ref: named,
    directory: fields.get('subdir') ?? directory,
    checksum: fields.get('commit') ?? fields.get('checksum') ?? undefined,
    keepsGitDirectory: keep === null ? undefined : isOn(keep),
    submodules: isOn(fields.get('submodules') ?? 'true'),
  }
}

function isOn(text: string): boolean {
  return ['', '1', 'true'].includes(text)
}
