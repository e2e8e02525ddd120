import type { Instruction } from '#build/dockerfile/model.ts'
import { planBuild } from '#build/graph/plan.ts'
import type { Question } from './subrequests.ts'
import { locationOf } from './targets.ts'

/** What a target can be given: build arguments, secrets and agents that it or a stage that it needs asks for. */
export function outline({ file, text, target, args }: Question): object {
  const plan = planBuild(file, { target, args, automatic: new Map(), contexts: new Set() })
  const instructions = plan.stages.flatMap(({ stage }) => stage.instructions)
  const name = plan.all[plan.target]?.stage.name
  const declared = [...file.globals, ...instructions.filter((each): each is Instruction<'arg'> => each.keyword === 'arg')]
  const byName = declared.flatMap((instruction) =>
    instruction.args.map((arg) => [
      arg.name,
      {
        name: arg.name,
        value: args.get(arg.name) ?? plan.globals.get(arg.name) ?? arg.value ?? '',
        location: locationOf(instruction.place),
      },
    ]),
  )
  return {
    ...(name !== undefined && { name }),
    args: Object.values(Object.fromEntries(byName)),
    secrets: mountsOf(instructions, 'secret'),
    ssh: mountsOf(instructions, 'ssh'),
    sources: [Buffer.from(text).toString('base64')],
  }
}

function mountsOf(instructions: readonly Instruction[], type: 'secret' | 'ssh'): object[] {
  return instructions
    .filter((each): each is Instruction<'run'> => each.keyword === 'run')
    .flatMap(({ mounts, place }) =>
      mounts
        .filter((mount) => mount.get('type') === type)
        .map((mount) => ({
          name: mount.get('id') ?? mount.get('target')?.replace(/^.*\//, '') ?? 'default',
          required: ['', '1', 'true'].includes(mount.get('required') ?? 'false'),
          location: locationOf(place),
        })),
    )
}
