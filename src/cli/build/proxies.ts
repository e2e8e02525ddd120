import { dockerConfig } from '../logins.ts'

const variables = {
  httpProxy: 'HTTP_PROXY',
  httpsProxy: 'HTTPS_PROXY',
  noProxy: 'NO_PROXY',
  ftpProxy: 'FTP_PROXY',
  allProxy: 'ALL_PROXY',
} as const

/** The proxies that docker's configuration has for builds, as build arguments in both spellings; what is given has precedence. */
export function proxyArguments(given: ReadonlySet<string>): [string, string][] {
  const { default: proxies = {} } = dockerConfig().proxies ?? {}
  return Object.entries(variables).flatMap(([key, name]) => {
    const value = proxies[key]
    if (value === undefined || value === '') return []
    return [name, name.toLowerCase()].filter((each) => !given.has(each)).map((each): [string, string] => [each, value])
  })
}
