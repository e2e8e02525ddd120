import type { World } from '#compose/apply/world.ts'
import type { Project } from '#compose/model/model.ts'
import { collectNow, type Sources } from '#diagnose/collect.ts'
import { diagnose } from '#diagnose/diagnose.ts'
import { wayText } from '#diagnose/ladder/ways.ts'
import { look } from '#diagnose/look.ts'
import { tellAdvice } from './advice.ts'
import { lintFacts, lintFindings, type LintRequest } from './lint.ts'
import type { Send } from './send-lines.ts'

export interface Asked {
  readonly world: World
  readonly sources: Sources
  readonly send: Send
}

/** Tells what is likely to go wrong with a project; resolves with whether nothing is. */
export async function tellLint(project: Project, request: LintRequest, { world, sources, send }: Asked): Promise<boolean> {
  using grounds = sources.grounds()
  const facts = lintFacts(project, request, grounds.of)
  const findings = lintFindings(facts, request)
  for (const finding of findings) send({ type: 'finding', finding })
  tellAdvice({ facts, looked: await look(project, world), sources, send, wanted: request.advice === true })
  return !findings.some(({ severity }) => severity === 'error' || request.strict === true)
}

interface WhyWishes {
  /** All when empty. */
  readonly services: readonly string[]
  /** Whether advice is told too. */
  readonly advice: boolean
}

/** Tells how services are, and explains those that are not up; resolves with whether all are. */
export async function why(project: Project, { services, advice }: WhyWishes, { world, sources, send }: Asked): Promise<boolean> {
  const looked = await look(project, world)
  const wanted = looked.filter(({ service }) => services.length === 0 || services.includes(service.name))
  for (const { service, container, verdict, story } of wanted)
    send({ type: 'service', service: service.name, subject: `Container ${container}`, state: verdict.state, text: story })
  const asked = new Set(wanted.map(({ service }) => service.name))
  // All services are facts: what one fails for lies with another as often.
  using grounds = sources.grounds()
  const facts = await collectNow(project, looked, { sources, groundOf: grounds.of, doubted: services })
  for (const way of facts.services.flatMap(({ ways }) => ways)) if (way.rung === 'top') send({ type: 'note', text: wayText(way).en })
  const findings = diagnose(facts).filter(({ service }) => asked.has(service))
  for (const finding of findings) send({ type: 'finding', finding })
  tellAdvice({ facts: lintFacts(project, {}, grounds.of), looked, sources, send, wanted: advice, services: asked })
  return findings.length === 0 && wanted.every(({ verdict }) => verdict.state === 'up' || verdict.state === 'completed')
}
