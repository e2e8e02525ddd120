import { failedServices } from '../facts.ts'
import type { Rule } from '../rule.ts'
import { place, wrote } from '../words.ts'

/** A program whose port another one in the same network namespace has. */
export const portUsedInside: Rule = {
  id: 'port-used-inside',
  title: { en: 'another program inside has the port', ko: '컨테이너 안의 다른 프로그램이 포트를 쓰고 있습니다' },
  severity: 'error',
  find: (facts) =>
    failedServices(facts).flatMap(({ service, container, log }) => {
      const line = log.findLast((text) => /address (already )?in use|EADDRINUSE/i.test(text))
      if (line === undefined) return []
      const mode = service.options.hostConfig['NetworkMode']
      const host = mode === 'host'
      return [
        {
          service: service.name,
          evidence: [
            wrote(container, line),
            ...(host ? [{ en: `${place(service.at)}network_mode is host`, ko: `${place(service.at)}network_mode 값: host` }] : []),
          ],
          cause: host
            ? {
                en: `With network_mode: host, ${container} shares its ports with the machine, and somebody there has this one.`,
                ko: `network_mode: host이면 ${container} 컨테이너가 컴퓨터와 포트를 함께 쓰는데, 이미 누군가 그 포트를 쓰고 있습니다.`,
              }
            : {
                en: `Each container has ports of its own; inside ${container} two programs want the same one, or the program was started twice.`,
                ko: `컨테이너마다 포트가 따로 있습니다. ${container} 컨테이너 안에서 두 프로그램이 같은 포트를 쓰려 하거나, 프로그램이 두 번 시작되었습니다.`,
              },
          fix: {
            text: host
              ? {
                  en: 'See who has it: galley why :PORT. Or leave network_mode out and publish the port.',
                  ko: '누가 쓰는지 확인하세요: galley why :포트. 또는 network_mode를 빼고 포트를 공개하세요.',
                }
              : {
                  en: 'Start one program a container; a script that starts a server in the background must not start it again in the foreground.',
                  ko: '컨테이너 하나에서 프로그램 하나만 실행하세요. 백그라운드로 시작한 서버를 스크립트가 포그라운드로 또 시작하지 않는지 확인하세요.',
                },
          },
        },
      ]
    }),
}
