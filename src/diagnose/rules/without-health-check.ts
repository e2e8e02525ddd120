import type { Project, Service } from '#compose/model/model.ts'
import { askingWords } from '../asking.ts'
import { databaseOf } from '../databases.ts'
import type { Change } from '../finding.ts'
import type { Ground } from '../ground.ts'
import type { Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A server of which nobody can tell whether it answers. */
export const withoutHealthCheck: Rule = {
  id: 'without-health-check',
  title: { en: 'nothing tells when it can be used', ko: '언제 쓸 수 있는지 알려 주는 것이 없습니다' },
  severity: 'advice',
  lint: ({ project, groundOf }) =>
    Object.values(project.services).flatMap((service) => {
      const { name, at, healthcheck } = service
      if (healthcheck !== undefined || !isAsked(service, project)) return []
      const ground = groundOf(service)
      // What an image that isn't here says is known of databases alone.
      if (ground === undefined ? databaseOf(service) === undefined : ground.config.Healthcheck !== undefined) return []
      const change = checkFor(service, ground)
      return [
        {
          service: name,
          evidence: [
            {
              en: `${place(at)}neither ${name} nor its image has a health check`,
              ko: `${place(at)}${name} 서비스에도, 그 이미지에도 헬스 체크가 없습니다`,
            },
          ],
          cause: {
            en: 'Services that depend on it can not wait until it answers, and an update can not tell when the new version is ready.',
            ko: '이 서비스에 의존하는 쪽이 응답할 때까지 기다릴 수 없고, 업데이트할 때 새 버전이 준비되었는지 알 수 없습니다.',
          },
          fix: {
            text: { en: 'Give it a health check.', ko: '헬스 체크를 추가하세요.' },
            ...(change !== undefined && { change }),
          },
        },
      ]
    }),
}

function isAsked({ name, ports }: Service, { services }: Project): boolean {
  return ports.some(({ protocol }) => protocol === 'tcp') || Object.values(services).some(({ dependsOn }) => dependsOn[name] !== undefined)
}

/** Ports on which programs usually speak HTTP. */
const web = /^(80|3000|4000|5000|8\d{3}|9000)$/

function checkFor(service: Service, ground: Ground | undefined): Change | undefined {
  const { name, at } = service
  const file = at.file
  const path = ['services', name, 'healthcheck']
  const database = databaseOf(service)
  const rest = { interval: '5s', timeout: '5s', retries: 20 }
  if (database !== undefined) return { file, puts: [{ path, value: { test: database.check, ...rest } }] }
  const port = service.ports.find(({ target, protocol }) => protocol === 'tcp' && web.test(String(target)))?.target
  const asking = port === undefined || ground === undefined ? undefined : askingWords(ground, `http://127.0.0.1:${port}/`)
  if (asking === undefined) return undefined
  return {
    file,
    puts: [{ path, value: { test: ['CMD', ...asking], ...rest } }],
    needs: {
      en: 'Name a page that answers with status 200, if / does not.',
      ko: '/가 상태 200으로 응답하지 않으면, 그렇게 응답하는 경로를 적으세요.',
    },
  }
}
