import { connects, healthCheck } from './health-check.ts'
import { expose, ignoring, lines, type Folder, type Proposal } from './proposal.ts'

/** Where pages lie, beside the directory itself. */
const places = ['', 'public/', 'dist/', 'site/', 'www/'] as const

/** Pages that need nothing but a web server. */
export function staticSite(folder: Folder): Proposal | undefined {
  const place = places.find((one) => folder.read(`${one}index.html`) !== undefined)
  if (place === undefined) return undefined
  return {
    what: `a static site (${place}index.html)`,
    dockerfile: lines(
      '# A web server; what lies in this directory of it is what it shows.',
      'FROM nginx:1.28',
      `COPY ${place === '' ? '.' : place} /usr/share/nginx/html`,
      expose('80'),
      healthCheck('80', connects.bash),
    ),
    // All else is shown to everybody.
    dockerignore: ignoring('.*', '!.well-known', 'node_modules'),
  }
}
