import { stanzasOf } from './fields.ts'
import type { Cataloguer } from './model.ts'

/** What pip and its like installed (PEP 376, PEP 566). */
export const python: Cataloguer = {
  matches: (path) => /\.(dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/.test(path),
  packages: (file) => {
    const [fields] = stanzasOf(file.read().toString('utf8'))
    const [name, version] = [fields?.get('name'), fields?.get('version')]
    if (name === undefined || version === undefined) return []
    const license = fields?.get('license-expression') ?? fields?.get('license')
    // PEP 503.
    const plain = name.toLowerCase().replaceAll(/[-_.]+/g, '-')
    return [{ type: 'pypi', name: plain, version, license, path: file.path }]
  },
}
