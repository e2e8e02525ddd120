import { failedServices, type Rule, type ServiceFacts } from '../facts.ts'

/** Exit code 137 is SIGKILL; who sent it decides what helps. */
export const killed: Rule = {
  id: 'killed',
  title: 'the process was killed',
  titleKo: '프로세스가 강제로 종료되었습니다',
  find: (facts) =>
    failedServices(facts)
      .filter(({ exitCode, oomKilled }) => oomKilled || exitCode === 137)
      .map((one) => ({ service: one.service.name, ...storyOf(one) })),
}

function storyOf({ container, exitCode, oomKilled, memoryLimit, stoppedByHand, stopGracePeriod }: ServiceFacts): ReturnType<typeof story> {
  if (oomKilled && memoryLimit > 0)
    return story(
      `the kernel killed ${container} for want of memory (exit code ${exitCode}, OOMKilled); its limit is ${Math.round(memoryLimit / 2 ** 20)} MiB`,
      `${container} needed more memory than its limit allows. No other container was harmed.`,
      'Raise mem_limit, or make the program use less (for Java: -XX:MaxRAMPercentage=75 in place of -Xmx).',
    )
  if (oomKilled)
    return story(
      `the kernel killed ${container} for want of memory (exit code ${exitCode}, OOMKilled); it has no limit of its own`,
      'All containers together used up what the host can spare for them, and the kernel chose this one.',
      'Give each service a mem_limit that fits it, so that the one that takes too much is the one that goes; or add memory.',
    )
  if (stoppedByHand)
    return story(
      `${container} was asked to stop and had not ended after ${stopGracePeriod} s; then it was killed (exit code ${exitCode})`,
      'The program does not end at its stop signal in time: a shell in front of it does not pass the signal on, or it needs longer.',
      'Write its command as a JSON list (exec form), or raise stop_grace_period.',
    )
  return story(
    `${container} ended with exit code ${exitCode}, which is SIGKILL; neither the kernel's out-of-memory killer nor a stop did it`,
    `Somebody killed ${container} by hand (docker kill, kill -9), or a program inside it did.`,
    `See who: docker events --filter container=${container}`,
  )
}

function story(evidence: string, cause: string, text: string): { evidence: string[]; cause: string; fix: { text: string } } {
  return { evidence: [evidence], cause, fix: { text } }
}
