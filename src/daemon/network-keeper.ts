import { messageOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import type { KeeperClient } from '#engine/containers/keeper-client.ts'
import type { NetworkKeeper } from '#engine/networks/model.ts'

/** What networks need of the keeper. A keeper that died is told everything when another takes over (`Networks.resume`). */
export function networkKeeper(client: KeeperClient, log: Log): NetworkKeeper {
  const warn = (error: string): void => log.warn('the keeper could not be told', { error })
  return {
    tell(news) {
      try {
        client.names(news).then(
          (answer) => !answer.ok && warn(answer.error),
          (error: unknown) => warn(messageOf(error)),
        )
      } catch (error) {
        warn(messageOf(error))
      }
    },
    async hold(ports) {
      try {
        const answer = await client.ports(ports)
        return answer.ok ? undefined : answer.error
      } catch (error) {
        // Ports that are given back went with their keeper.
        if (ports.ports.length > 0) throw error
        return undefined
      }
    },
    async holdOnly(containers) {
      const answer = await client.portHolders(containers)
      if (!answer.ok) warn(answer.error)
    },
  }
}
