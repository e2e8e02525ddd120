import { bytes, flag, int, long, message, repeated, text, texts } from '../wire/fields.ts'
import { rpcStatus } from '../grpc/status.ts'
import type { Given } from '../wire/message.ts'
import { buildkitVersion, definition, definitions, range, sourceInfo, worker } from './ops.ts'

/** `moby.buildkit.v1.*`: messages of the Control service. */

export const nothing = {}

/** `google.protobuf.Timestamp` */
export const timestamp = { seconds: int(1), nanos: int(2) }

/** Of milliseconds since the epoch. */
export function timestampOf(time: number): Given<typeof timestamp> {
  return { seconds: Math.floor(time / 1000), nanos: Math.floor(time % 1000) * 1_000_000 }
}

const cacheOption = { type: text(1), attributes: texts(2) }
const exporter = { type: text(1), attributes: texts(2) }
const cacheOptions = {
  exports: repeated(message(4, cacheOption)),
  imports: repeated(message(5, cacheOption)),
}

export const solveRequest = {
  ref: text(1),
  definition: message(2, definition),
  exporter: text(3),
  exporterAttributes: texts(4),
  session: text(5),
  frontend: text(6),
  frontendAttributes: texts(7),
  cache: message(8, cacheOptions),
  entitlements: repeated(text(9)),
  frontendInputs: definitions(10),
  internal: flag(11),
  sourcePolicy: bytes(12),
  exporters: repeated(message(13, exporter)),
}
export const solveResponse = { exporterResponse: texts(1) }

export const statusRequest = { ref: text(1) }
const vertex = {
  digest: text(1),
  inputs: repeated(text(2)),
  name: text(3),
  cached: flag(4),
  started: message(5, timestamp),
  completed: message(6, timestamp),
  error: text(7),
}
const vertexStatus = {
  id: text(1),
  vertex: text(2),
  name: text(3),
  current: int(4),
  total: int(5),
  timestamp: message(6, timestamp),
  started: message(7, timestamp),
  completed: message(8, timestamp),
}
const vertexLog = { vertex: text(1), timestamp: message(2, timestamp), stream: int(3), message: bytes(4) }
const vertexWarning = {
  vertex: text(1),
  level: int(2),
  short: bytes(3),
  detail: repeated(bytes(4)),
  url: text(5),
  info: message(6, sourceInfo),
  ranges: repeated(message(7, range)),
}
export const statusResponse = {
  vertexes: repeated(message(1, vertex)),
  statuses: repeated(message(2, vertexStatus)),
  logs: repeated(message(3, vertexLog)),
  warnings: repeated(message(4, vertexWarning)),
}

export const listWorkersResponse = { records: repeated(message(1, worker)) }
export const infoResponse = { version: message(1, buildkitVersion) }

export const usageRecord = {
  id: text(1),
  mutable: flag(2),
  inUse: flag(3),
  size: int(4),
  createdAt: message(6, timestamp),
  lastUsedAt: message(7, timestamp),
  usageCount: int(8),
  description: text(9),
  recordType: text(10),
  shared: flag(11),
  parents: repeated(text(12)),
}
export const diskUsageRequest = { filter: repeated(text(1)), ageLimit: long(2) }
export const diskUsageResponse = { records: repeated(message(1, usageRecord)) }
export const pruneRequest = {
  filter: repeated(text(1)),
  all: flag(2),
  keepDuration: long(3),
  reservedSpace: int(4),
  maxUsedSpace: int(5),
  minFreeSpace: int(6),
}

export const buildHistoryRequest = { activeOnly: flag(1), ref: text(2), earlyExit: flag(3), filter: repeated(text(4)), limit: int(5) }
const descriptor = { mediaType: text(1), digest: text(2), size: int(3), annotations: texts(5) }
const buildResultInfo = { attestations: repeated(message(2, descriptor)) }
export const buildHistoryRecord = {
  ref: text(1),
  frontend: text(2),
  frontendAttributes: texts(3),
  exporters: repeated(message(4, exporter)),
  error: message(5, rpcStatus),
  createdAt: message(6, timestamp),
  completedAt: message(7, timestamp),
  exporterResponse: texts(9),
  result: message(10, buildResultInfo),
  results: repeated(message(11, { key: text(1), value: message(2, buildResultInfo) })),
  generation: int(12),
  pinned: flag(14),
  numCachedSteps: int(15),
  numTotalSteps: int(16),
  numCompletedSteps: int(17),
  numWarnings: int(19),
}
export const buildHistoryEvent = { type: int(1), record: message(2, buildHistoryRecord) }
export const updateBuildHistoryRequest = { ref: text(1), pinned: flag(2), delete: flag(3), finalize: flag(4) }
