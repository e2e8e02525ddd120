import { posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import type { Build, FileMount, FileObject, Project, Service } from '#compose/model/model.ts'

/** A secret or config that a service gets, and how. */
export interface GivenFile {
  readonly object: FileObject
  readonly mount: FileMount
}

/** A file that is put into a container before it starts. */
export interface PlacedFile {
  /** Absolute, in the container. */
  readonly path: string
  /** Where its content is read from on the host, when it is a file. */
  readonly from?: string
  readonly content?: string
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** Everybody may read it, as Docker Compose has it. */
const usualMode = 0o444

/** A service's secrets and configs. Throws `invalid` for those without a value, and external ones: no store is outside of the project. */
export function filesOf({ secrets = {}, configs = {} }: Project, service: Service): GivenFile[] {
  const given = (mounts: readonly FileMount[] | undefined, objects: Readonly<Record<string, FileObject>>): GivenFile[] =>
    (mounts ?? []).flatMap((mount) => {
      const object = objects[mount.source]
      return object === undefined ? [] : [{ object, mount }]
    })
  return [...given(service.secrets, secrets), ...given(service.configs, configs)]
}

/** Whether it wants an owner or a mode that a file of the host, mounted as it is, does not have. */
export function isOwned({ uid, gid, mode }: FileMount): boolean {
  return uid !== undefined || gid !== undefined || mode !== undefined
}

/** Those that are put into the container. Throws `invalid`. */
export function placedFiles(project: Project, service: Service): PlacedFile[] {
  return filesOf(project, service).flatMap(({ object, mount }) => {
    if (object.source.from === 'file' && !isOwned(mount)) return []
    return [
      {
        path: targetOf(mount),
        ...contentOf(object, mount),
        uid: Number(mount.uid ?? 0),
        gid: Number(mount.gid ?? 0),
        mode: mount.mode ?? usualMode,
      },
    ]
  })
}

function contentOf({ name, source }: FileObject, { at }: FileMount): { readonly from: string } | { readonly content: string } {
  const where = `${at.file}:${at.line}:${at.column}`
  switch (source.from) {
    case 'file':
      return { from: source.path }
    case 'content':
      return { content: source.content }
    case 'environment':
      if (source.value === undefined)
        throw new GalleyError('invalid', `${where}: environment variable "${source.variable}" required by secret "${name}" is not set`, {
          code: 'compose.variable-required',
          subject: source.variable,
        })
      return { content: source.value }
    case 'external':
      throw new GalleyError('not found', `${where}: unsupported external secret or config ${name}`, {
        code: 'compose.unsupported',
        subject: name,
        advice: 'Give it a file, environment or content: nothing outside of the project keeps secrets here.',
      })
  }
}

/** A build's secrets, by the id that its Dockerfile knows them by. Throws `invalid`. */
export function buildFiles(
  { secrets = {} }: Project,
  build: Build,
): Readonly<Record<string, { readonly from?: string; readonly content?: string }>> {
  return Object.fromEntries(
    (build.secrets ?? []).flatMap((mount) => {
      const object = secrets[mount.source]
      return object === undefined ? [] : [[posix.basename(mount.target), contentOf(object, mount)]]
    }),
  )
}

/** Where it lies in the container: a relative target is below `/run/secrets`, or the root for a config that has a default of its own. */
export function targetOf({ target }: FileMount): string {
  return posix.isAbsolute(target) ? target : `/run/secrets/${target}`
}
