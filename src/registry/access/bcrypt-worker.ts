import { parentPort, workerData } from 'node:worker_threads'
import { compareSync, hashSync } from 'bcryptjs'

/** What bcrypt is asked for, in a thread of its own: it takes its time on purpose, and the daemon has other things to do. */
export type BcryptOrder =
  | { readonly type: 'hash'; readonly password: string; readonly cost: number }
  | { readonly type: 'check'; readonly password: string; readonly hash: string }

const order = workerData as BcryptOrder
parentPort?.postMessage(order.type === 'hash' ? hashSync(order.password, order.cost) : compareSync(order.password, order.hash))
