import { place } from '../words.ts'
import type { LintRule } from './lint-facts.ts'

const secret = /(?:^|_)(?:PASSWORD|PASSWD|PASS|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY)$/i

/** A password in the file itself, and so in version control. */
export const secretInFile: LintRule = {
  id: 'secret-in-file',
  title: 'a secret is written in the Compose file',
  titleKo: '비밀 값이 Compose 파일에 그대로 적혀 있습니다',
  severity: 'warning',
  find: ({ project, lineAt }) =>
    Object.values(project.services).flatMap((service) =>
      Object.entries(service.environment).flatMap(([variable, { value, at }]) => {
        if (!secret.test(variable) || value === '' || at === undefined || !(lineAt(at)?.includes(value) ?? false)) return []
        return [
          {
            service: service.name,
            evidence: [`${place(at)}${variable} is written out`],
            cause: 'Who can read the file, its history or docker inspect, knows it.',
            fix: {
              text: `Keep it in a file .env beside the Compose file, which is not checked in, or use secrets:.`,
              change: { at, before: value, after: `\${${variable}:?}` },
            },
          },
        ]
      }),
    ),
}
