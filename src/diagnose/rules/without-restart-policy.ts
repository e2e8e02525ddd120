import type { Project, Service } from '#compose/model/model.ts'
import { databaseOf } from '../databases.ts'
import type { Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A server that stays down when it falls. */
export const withoutRestartPolicy: Rule = {
  id: 'without-restart-policy',
  title: { en: 'nothing starts it again when it ends', ko: '종료되어도 다시 시작되지 않습니다' },
  severity: 'advice',
  lint: ({ project }) =>
    Object.values(project.services).flatMap((service) => {
      const { name, at } = service
      if (!isServer(service, project) || saysSo(service, project)) return []
      return [
        {
          service: name,
          evidence: [
            { en: `${place(at)}${name} is a server and has no restart`, ko: `${place(at)}${name} 서비스는 서버인데 restart가 없습니다` },
          ],
          cause: {
            en: 'A program that crashes, and a machine that boots again, leave the service down until somebody starts it.',
            ko: '프로그램이 죽거나 컴퓨터가 다시 켜지면, 누군가 시작할 때까지 서비스가 멈춰 있습니다.',
          },
          fix: {
            text: {
              en: 'Write restart: unless-stopped, or restart: "no" where it is meant.',
              ko: 'restart: unless-stopped를 적으세요. 일부러 그런 것이면 restart: "no"라고 적으세요.',
            },
            change: { file: at.file, puts: [{ path: ['services', name, 'restart'], value: 'unless-stopped' }] },
          },
        },
      ]
    }),
}

/** Others or people connect to it; jobs end by themselves. */
function isServer(service: Service, { services }: Project): boolean {
  const waits = Object.values(services).flatMap(({ dependsOn }) => dependsOn[service.name]?.condition ?? [])
  if (waits.includes('service_completed_successfully')) return false
  return service.ports.length > 0 || databaseOf(service) !== undefined || waits.includes('service_healthy')
}

function saysSo({ name, restart, deploy }: Service, { written = [] }: Project): boolean {
  return restart.name !== 'no' || deploy?.restartPolicy !== undefined || written.some(({ path }) => path === `services.${name}.restart`)
}
