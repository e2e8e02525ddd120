/** Where a Dockerfile is looked for that is not at `path`, as Docker does: `dockerfile` for the usual name; undefined for any other name. */
export function lowercaseDockerfile(path: string): string | undefined {
  return /(^|\/)Dockerfile$/.test(path) ? path.replace(/Dockerfile$/, 'dockerfile') : undefined
}
