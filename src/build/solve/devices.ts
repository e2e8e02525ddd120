import { statSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { declaredDevices, type DeclaredDevice } from '#engine/cdi/devices.ts'
import type { EditMount } from '#engine/cdi/specification.ts'
import type { WantedDevice } from '../dockerfile/model.ts'
import type { Entitlement } from '../request.ts'
import type { Stage } from './stage.ts'
import type { Stub } from './stubs.ts'

/** What files of devices may say for builders (BuildKit, docs/cdi.md). */
const classAnnotation = 'org.mobyproject.buildkit.device.class'
const allowedAnnotation = 'org.mobyproject.buildkit.device.autoallow'

/** A step's devices by name, and all that its result depends on of them. */
export interface StepDevices {
  readonly names: readonly string[]
  readonly identity: readonly unknown[]
  /** Where they mount something. */
  readonly stubs: readonly Stub[]
}

export const noDevices: StepDevices = { names: [], identity: [], stubs: [] }

/** Finds what `RUN --device` asks for. Throws `not found` for one that is required, `forbidden` without an entitlement. */
export async function devicesFor({ solver, word }: Stage, wanted: readonly WantedDevice[]): Promise<StepDevices> {
  if (wanted.length === 0) return noDevices
  const { devices, problems } = await declaredDevices(solver.builder.engine.deviceSpecifications)
  const entitlements = [...(solver.request.entitlements ?? [])]
  const found = new Map<string, DeclaredDevice>()
  for (const { name, required } of wanted) {
    const asked = aliased(word(name), entitlements)
    const some = matching(asked, devices)
    if (some.length === 0 && required)
      throw new GalleyError('not found', `required device "${asked}" is not registered`, {
        code: 'build.no-device',
        subject: asked,
        advice: [`They are looked up in ${solver.builder.engine.deviceSpecifications.join(', ')}.`, ...problems].join(' '),
      })
    for (const device of some) {
      checkAllowed(device, asked, entitlements)
      found.set(device.name, device)
    }
  }
  const all = [...found.values()]
  return {
    names: all.map(({ name }) => name),
    identity: all.map(({ name, edits, common }) => ['device', name, edits, common]),
    stubs: all.flatMap(({ edits, common }) => [...edits.mounts, ...common.mounts]).map(stubOf),
  }
}

function stubOf({ containerPath, hostPath }: EditMount): Stub {
  return { path: containerPath, isDirectory: statSync(hostPath, { throwIfNoEntry: false })?.isDirectory() !== false }
}

/** `--allow device=NAME,alias=WORD`: the Dockerfile says WORD. */
function aliased(name: string, entitlements: readonly Entitlement[]): string {
  const alias = entitlements.map((each) => /^device=([^,]*),alias=(.*)$/.exec(each)).find((match) => match?.[2] === name)
  return alias?.[1] ?? name
}

/** `vendor/class` is the first one of its kind, `vendor/class=*` all of them; any other word is a class that devices say they are of. */
function matching(name: string, devices: readonly DeclaredDevice[]): readonly DeclaredDevice[] {
  const ofKind = devices.filter(({ kind }) => kind === name.replace(/=\*$/, ''))
  const named = name.endsWith('=*') ? ofKind : [...ofKind.slice(0, 1), ...devices.filter((device) => device.name === name)]
  return named.length > 0 ? named : devices.filter(({ annotations }) => annotations.get(classAnnotation) === name)
}

function checkAllowed({ name, annotations }: DeclaredDevice, asked: string, entitlements: readonly Entitlement[]): void {
  const allowed = entitlements.some((each) => each === 'device' || [name, asked].includes(each.replace(/^device=([^,]*).*$/, '$1')))
  if (allowed || /^(1|t|true)$/i.test(annotations.get(allowedAnnotation) ?? '')) return
  throw new GalleyError('forbidden', `device ${name} is not allowed`, {
    code: 'build.entitlement',
    subject: name,
    advice: `Build with --allow device=${asked}.`,
  })
}
