import { unary, type RpcRoutes } from './grpc/serve.ts'
import { int, text } from './wire/fields.ts'

const serving = 1

/** `grpc.health.v1.Health`: whether the daemon answers at all. */
export function healthRoutes(): RpcRoutes {
  return { '/grpc.health.v1.Health/Check': unary([{ service: text(1) }, { status: int(1) }], () => ({ status: serving })) }
}
