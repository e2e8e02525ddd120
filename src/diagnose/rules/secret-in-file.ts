import type { Rule } from '../rule.ts'
import { place } from '../words.ts'

const secret = /(?:^|_)(?:PASSWORD|PASSWD|PASS|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY)$/i
/** What databases' images are asked to do about a password: a switch, not one. */
const choice = /(?:^|_)(?:ALLOW_EMPTY|ALLOW_EMPTY_ROOT|RANDOM_ROOT)_PASSWORD$/i

/** Where a program reads one from, instead of one: what `secrets:` mounts. */
const inFile = /^(?:\/run\/secrets\/.*)?$/

interface Written {
  readonly before: string
  readonly after: string
  /** The variable of which this is the default; undefined for a plain value. */
  readonly setting?: string
}

/** How a line says it; undefined when it comes from elsewhere. The variable's own name may hold the same letters as its value. */
function writtenAs({
  variable,
  value,
  line,
}: {
  readonly variable: string
  readonly value: string
  readonly line: string
}): Written | undefined {
  for (const [before, setting = ''] of line.matchAll(/\$\{(\w+):?-[^{}]*\}/g))
    if (before.endsWith(`-${value}}`)) return { before, after: `\${${setting}:?}`, setting }
  const after = `\${${variable}:?}`
  if (line.includes(`${variable}=${value}`)) return { before: `${variable}=${value}`, after: `${variable}=${after}` }
  return line.includes(value) ? { before: value, after } : undefined
}

/** A password in the file itself, and so in version control. */
export const secretInFile: Rule = {
  id: 'secret-in-file',
  title: { en: 'a secret is written in the Compose file', ko: '비밀 값이 Compose 파일에 그대로 적혀 있습니다' },
  severity: 'warning',
  lint: ({ project, lineAt }) =>
    Object.values(project.services).flatMap((service) =>
      Object.entries(service.environment).flatMap(([variable, { value, at }]) => {
        if (!secret.test(variable) || choice.test(variable) || inFile.test(value) || at === undefined) return []
        const written = writtenAs({ variable, value, line: lineAt(at) ?? '' })
        if (written === undefined) return []
        const { setting = variable } = written
        return [
          {
            service: service.name,
            evidence: [
              written.setting === undefined
                ? { en: `${place(at)}${variable} is written out`, ko: `${place(at)}${variable} 값이 그대로 적혀 있습니다` }
                : {
                    en: `${place(at)}${variable} is written out, for when ${setting} is not set`,
                    ko: `${place(at)}${setting} 값이 없을 때 쓸 ${variable} 값이 그대로 적혀 있습니다`,
                  },
            ],
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
                before: written.before,
                after: written.after,
                needs: {
                  en: `with ${setting}=… in the file .env`,
                  ko: `.env 파일에는 ${setting}=… 값을 적습니다`,
                },
              },
            },
          },
        ]
      }),
    ),
}
