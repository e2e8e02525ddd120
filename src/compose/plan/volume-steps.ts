import { GalleyError } from '#base/error.ts'
import type { Project } from '#compose/model/model.ts'
import { removalId } from './ids.ts'
import { checkUsers, volumeRequest, type RenewedVolume } from './renewal.ts'
import type { Observed, Step } from './step.ts'

/**
 * Makes a project's volumes that are missing, and anew those in `renewed`, by name. Throws `not found` for an external one that isn't
 * there, `conflict` for one that would be made anew although others have it.
 */
export function volumeSteps(project: Project, observed: Observed, renewed: ReadonlyMap<string, RenewedVolume>): Step[] {
  return Object.entries(project.volumes).flatMap(([key, declared]): Step[] => {
    const { name, external } = declared
    const id = `volume ${name}`
    const there = observed.volumes.find((volume) => volume.name === name)
    const wished = volumeRequest(project.name, key, declared)
    if (there === undefined) {
      if (external) throw missing(name)
      return [{ id, needs: [], kind: 'volume.create', ...wished }]
    }
    const other = renewed.get(name)
    if (other === undefined) return []
    checkUsers(
      there,
      other.users.filter(({ service }) => Object.hasOwn(project.services, service)),
    )
    return [{ id, needs: other.users.map((user) => removalId(user.id)), kind: 'volume.renew', ...wished, differences: other.differences }]
  })
}

function missing(name: string): GalleyError {
  return new GalleyError('not found', `external volume "${name}" not found`, {
    code: 'volume.not-found',
    subject: name,
    advice: `Make it (docker volume create ${name}), or take "external: true" away.`,
  })
}
