import type { Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A fixed address that another container has. */
export const addressTaken: Rule = {
  id: 'address-taken',
  title: { en: 'the fixed address is taken', ko: '고정 주소를 다른 컨테이너가 쓰고 있습니다' },
  severity: 'error',
  find: ({ failures, holderOf }) =>
    failures.flatMap(({ service, step, message }) => {
      if (service === undefined || step !== 'container.start' || !/^address already in use/i.test(message)) return []
      const wishes = Object.values(service.networks).flatMap(({ ipv4Address, ipv6Address }) => [ipv4Address, ipv6Address])
      return wishes.flatMap((address) => {
        const holder = address === undefined ? undefined : holderOf(address)
        if (address === undefined || holder === undefined) return []
        return [
          {
            service: service.name,
            evidence: [
              {
                en: `${place(service.at)}${service.name} wants ${address}, which the container ${holder} has`,
                ko: `${place(service.at)}${service.name} 서비스가 원하는 ${address} 주소를 ${holder} 컨테이너가 쓰고 있습니다`,
              },
            ],
            cause: {
              en: 'An address of a network can be had once. Containers without a fixed one get the next that is free, and may come first.',
              ko: '네트워크의 주소는 한 컨테이너만 쓸 수 있습니다. 고정 주소가 없는 컨테이너는 비어 있는 주소를 차례로 받으므로, 먼저 차지할 수 있습니다.',
            },
            fix: {
              text: {
                en: 'Use service names in place of fixed addresses. Where one is needed, keep it out of ip_range, from which the others get theirs.',
                ko: '고정 주소 대신 서비스 이름을 쓰세요. 꼭 필요하다면, 다른 컨테이너가 주소를 받는 ip_range 밖의 주소를 쓰세요.',
              },
            },
          },
        ]
      })
    }),
}
