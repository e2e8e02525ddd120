import { failedServices, type Rule } from '../facts.ts'
import { lastLines } from '../words.ts'

/** What is known when no rule knows more: how it ended and what it wrote last. */
export const lastWords: Rule = {
  id: 'last-words',
  title: 'no rule explains it',
  titleKo: '알려진 규칙으로는 설명할 수 없습니다',
  find: (facts) => [
    ...failedServices(facts).map(({ service, container, text, log }) => ({
      service: service.name,
      evidence: [`${container} ${text}`, ...lastLines(log, 10).map((line) => `${container} wrote: ${line}`)],
      cause: 'Its own words above are all that is known.',
      fix: { text: `Read all of them: docker logs ${container}` },
    })),
    ...facts.failures.map(({ service, subject, message, advice }) => ({
      service: service?.name ?? subject,
      evidence: [`${subject}: ${message}`],
      cause: 'The step failed as it says.',
      fix: { text: advice ?? 'Mend what it names and run galley up again: what is done already stays done.' },
    })),
  ],
}
