import type { Rule } from '../rule.ts'
import { place } from '../words.ts'

const secret = /(?:^|_)(?:PASSWORD|PASSWD|PASS|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY)$/i
/** What databases' images are asked to do about a password: a switch, not one. */
const choice = /(?:^|_)(?:ALLOW_EMPTY|ALLOW_EMPTY_ROOT|RANDOM_ROOT)_PASSWORD$/i

/** A password in the file itself, and so in version control. */
export const secretInFile: Rule = {
  id: 'secret-in-file',
  title: { en: 'a secret is written in the Compose file', ko: '비밀 값이 Compose 파일에 그대로 적혀 있습니다' },
  severity: 'warning',
  lint: ({ project, lineAt }) =>
    Object.values(project.services).flatMap((service) =>
      Object.entries(service.environment).flatMap(([variable, { value, at }]) => {
        if (!secret.test(variable) || choice.test(variable) || value === '' || at === undefined || !(lineAt(at)?.includes(value) ?? false))
          return []
        return [
          {
            service: service.name,
            evidence: [{ en: `${place(at)}${variable} is written out`, ko: `${place(at)}${variable} 값이 그대로 적혀 있습니다` }],
            cause: {
              en: 'Who can read the file, its history or docker inspect, knows it.',
              ko: '파일이나 버전 기록, docker inspect를 볼 수 있는 사람은 누구나 알 수 있습니다.',
            },
            fix: {
              text: {
                en: 'Keep it in a file .env beside the Compose file, which is not checked in, or use secrets:.',
                ko: '버전 관리에 올리지 않는 .env 파일(Compose 파일 옆)에 두거나 secrets:를 쓰세요.',
              },
              change: {
                at,
                before: value,
                after: `\${${variable}:?}`,
                needs: {
                  en: `with ${variable}=… in the file .env`,
                  ko: `.env 파일에는 ${variable}=… 값을 적습니다`,
                },
              },
            },
          },
        ]
      }),
    ),
}
