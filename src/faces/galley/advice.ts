import type { Sources } from '#diagnose/collect.ts'
import type { Looked } from '#diagnose/look.ts'
import { advise } from '#diagnose/lint.ts'
import type { LintFacts } from '#diagnose/rule.ts'
import { largest } from '#diagnose/use.ts'
import type { Send } from './send-lines.ts'

interface Asked {
  readonly facts: Omit<LintFacts, 'useOf'>
  readonly looked: readonly Looked[]
  readonly sources: Sources
  readonly send: Send
  /** Whether it is told; else only how much there is. */
  readonly wanted: boolean
  /** Of all services when absent. */
  readonly services?: ReadonlySet<string>
}

/** Tells the advice for a project, or in one line that there is some: nobody who asks for mistakes is flooded with it. */
export function tellAdvice({ facts, looked, sources, send, wanted, services }: Asked): void {
  const useOf: LintFacts['useOf'] = ({ name }) =>
    largest(looked.filter(({ service }) => service.name === name).flatMap(({ container }) => sources.useOf(container) ?? []))
  const advice = advise({ ...facts, useOf }).filter(({ service }) => services?.has(service) !== false)
  if (wanted) for (const finding of advice) send({ type: 'finding', finding })
  else if (advice.length > 0) send({ type: 'note', text: `Advice besides: ${advice.length}. The same command with --advice tells it.` })
}
