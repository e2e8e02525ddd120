import { parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { checkPush, type Pushing } from '#engine/images/push.ts'
import { registryAuth } from '#faces/docker/registry-auth.ts'
import { sendEmpty, type Routes } from '#faces/docker/route.ts'

/** Pushes that are rehearsed: `GET /galley/v1/pushes?reference=…` answers as the push of an image would begin. */
export function pushRoutes(pushing: Pushing) {
  return {
    'GET /galley/v1/pushes': async (call) => {
      const reference = withDefaultTag(parseImageReference(call.query.get('reference') ?? ''))
      await checkPush(pushing, { reference, credentials: registryAuth(call), signal: call.signal })
      sendEmpty(call, 204)
    },
  } satisfies Routes
}
