import { GalleyError } from '#base/error.ts'

/** Longest name of a repository; with a host's name before it, clients accept no more. */
const longest = 255
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
/** The first component may be the host of another registry, with its port: `docker.io/library/busybox`, `127.0.0.1:5000/x`. */
const namePattern = new RegExp(`^${component}(?::[0-9]{1,5}(?=/))?(?:/${component})*$`)
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

/** Checks a repository's name (OCI distribution-spec, Pulling manifests). Throws `invalid`. */
export function parseName(text: string): string {
  if (text.length <= longest && namePattern.test(text)) return text
  const name = text.slice(0, longest)
  throw new GalleyError('invalid', `invalid repository name: ${name}`, { code: 'name.invalid', subject: name })
}

function isTag(text: string): boolean {
  return tagPattern.test(text)
}

/** Throws `invalid`. */
export function parseTag(text: string): string {
  if (isTag(text)) return text
  throw new GalleyError('invalid', `invalid tag: ${text.slice(0, 130)}`, { code: 'tag.invalid', subject: text.slice(0, 130) })
}
