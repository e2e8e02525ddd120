import type { Mount, Project } from '#compose/model/model.ts'

/** What of a service's `volumes` is asked for in the Engine API's short form: `SOURCE:TARGET[:OPTIONS]`. */
export function bindTexts(project: Project, mounts: readonly Mount[]): string[] {
  return mounts.filter(isShort).map((mount) => `${sourceOf(project, mount)}:${mount.target}${optionsText(mount)}`)
}

/** What needs the long form (`HostConfig.Mounts`). */
export function mountRequests(project: Project, mounts: readonly Mount[]): object[] {
  return mounts
    .filter((mount) => mount.type !== 'tmpfs' && !isShort(mount))
    .map((mount) => ({
      Type: mount.type,
      ...(mount.source !== '' && { Source: sourceOf(project, mount) }),
      Target: mount.target,
      ReadOnly: mount.readOnly,
      ...(mount.type === 'bind' && { BindOptions: bindOptions(mount) }),
      ...(mount.type === 'image' && mount.subpath !== undefined && { ImageOptions: { Subpath: mount.subpath } }),
      ...(mount.type === 'volume' && { VolumeOptions: volumeOptions(mount) }),
    }))
}

/** `HostConfig.Tmpfs`: options by target. */
export function tmpfsOptions(mounts: readonly Mount[]): Record<string, string> {
  const tmpfs = mounts.filter(({ type }) => type === 'tmpfs')
  return Object.fromEntries(
    tmpfs.map(({ target, tmpfsSize, tmpfsMode }) => {
      const size = tmpfsSize === undefined ? [] : [`size=${tmpfsSize}`]
      return [target, [...size, ...(tmpfsMode === undefined ? [] : [`mode=${tmpfsMode.toString(8)}`])].join(',')]
    }),
  )
}

/** The short form makes a missing source, and knows neither parts of volumes nor labels nor what a bind brings along. For volumes without a name, docker compose asks in the long one. */
function isShort({ type, source, createSource, recursive, subpath, labels }: Mount): boolean {
  if (type === 'bind') return createSource && recursive === undefined
  return type === 'volume' && source !== '' && subpath === undefined && labels === undefined
}

function sourceOf({ volumes }: Project, { type, source }: Mount): string {
  return type === 'volume' ? (volumes[source]?.name ?? source) : source
}

function optionsText({ readOnly, noCopy, propagation }: Mount): string {
  const options = [...(readOnly ? ['ro'] : []), ...(noCopy === true ? ['nocopy'] : []), ...(propagation === undefined ? [] : [propagation])]
  return options.length === 0 ? '' : `:${options.join(',')}`
}

/** compose-spec, 05-services, volumes: `recursive`, as the docker command's `bind-recursive`. */
const recursion: Readonly<Record<string, object>> = {
  disabled: { NonRecursive: true },
  writable: { ReadOnlyNonRecursive: true },
  readonly: { ReadOnlyForceRecursive: true },
}

function bindOptions({ createSource, propagation, recursive = '' }: Mount): object {
  return { CreateMountpoint: createSource, ...(propagation !== undefined && { Propagation: propagation }), ...recursion[recursive] }
}

function volumeOptions({ noCopy, subpath, labels }: Mount): object {
  return {
    ...(noCopy !== undefined && { NoCopy: noCopy }),
    ...(subpath !== undefined && { Subpath: subpath }),
    ...(labels !== undefined && { Labels: labels }),
  }
}
