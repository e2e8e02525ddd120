import { flag, list, names, scalar, struct, text, type Scalar, type Struct } from './form.ts'
import { environment, extraHosts, fileMounts, pairs, texts, ulimits } from './pieces.ts'
import { keyOf } from './same.ts'
import { asAssignments, asBuild, asKeys } from './short-forms.ts'

const textOrFlag: Scalar = { ...scalar('text', 'string', 'boolean'), asText: true }

/** Every attribute of a build, in the order in which it is printed. */
export const build: Struct = struct(
  {
    context: { ...text, path: 'context' },
    dockerfile: text,
    dockerfile_inline: text,
    entitlements: list(text),
    args: environment,
    provenance: textOrFlag,
    sbom: textOrFlag,
    ssh: names({ ...scalar('text', 'string', 'null'), path: 'file' }, { convert: asKeys, bare: 'kept', listed: true }),
    labels: pairs,
    cache_from: list(text),
    cache_to: list(text),
    no_cache: flag,
    no_cache_filter: texts,
    additional_contexts: names({ ...text, path: 'context' }, { convert: asAssignments }),
    pull: flag,
    extra_hosts: extraHosts,
    isolation: text,
    network: text,
    target: text,
    secrets: fileMounts('build secrets'),
    shm_size: scalar('bytes', 'integer', 'string'),
    tags: list(text, { same: keyOf }),
    ulimits,
    platforms: list(text),
    privileged: flag,
  },
  { convert: asBuild, defaults: () => ({ context: '.' }) },
)
