import { failedServices, type Rule } from '../facts.ts'

/** Exit code 137 is SIGKILL; who sent it decides what helps. */
export const killed: Rule = {
  id: 'killed',
  title: 'the process was killed',
  find: (facts) =>
    failedServices(facts)
      .filter(({ exitCode, oomKilled }) => oomKilled || exitCode === 137)
      .map(({ service, container, oomKilled, exitCode }) =>
        oomKilled
          ? {
              service: service.name,
              evidence: [`the kernel killed ${container} for want of memory (exit code ${exitCode}, OOMKilled)`],
              cause: `${container} needed more memory than it may have.`,
              fix: { text: 'Raise its memory limit, or make the program use less (for Java: -XX:MaxRAMPercentage).' },
            }
          : {
              service: service.name,
              evidence: [`${container} ended with exit code 137, which is SIGKILL; the kernel's out-of-memory killer did not do it`],
              cause: `Somebody killed ${container}: by hand, or because it did not end within its stop timeout.`,
              fix: { text: 'If it was stopped and needs longer to end, raise stop_grace_period.' },
            },
      ),
}
