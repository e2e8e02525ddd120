import type { Rule } from './rule.ts'
import { addressTaken } from './rules/address-taken.ts'
import { bindSource } from './rules/bind-source.ts'
import { buildFailed } from './rules/build-failed.ts'
import { buildWithoutNetwork } from './rules/build-without-network.ts'
import { dataOutsideVolume } from './rules/data-outside-volume.ts'
import { databaseLogin } from './rules/database-login.ts'
import { databasePublished } from './rules/database-published.ts'
import { endsAtOnce } from './rules/ends-at-once.ts'
import { heapFull, noSpace, processLimit } from './rules/exhausted.ts'
import { healthCheck } from './rules/health-check.ts'
import { heapOverMemory } from './rules/heap-over-memory.ts'
import { imageNotFound } from './rules/image-not-found.ts'
import { killedByHand, machineOutOfMemory, memoryLimitReached, stopTimeout } from './rules/killed.ts'
import { lastWords } from './rules/last-words.ts'
import { localhost } from './rules/localhost.ts'
import { mountKind } from './rules/mount-kind.ts'
import { nameTaken } from './rules/name-taken.ts'
import { notListening } from './rules/not-listening.ts'
import { notInImage } from './rules/not-in-image.ts'
import { notWritable } from './rules/not-writable.ts'
import { programNotExecutable, programNotFound, scriptLineEndings, scriptWithoutInterpreter, wrongArchitecture } from './rules/program.ts'
import { healthCheckProgram } from './rules/health-check-program.ts'
import { portNotDeclared } from './rules/port-not-declared.ts'
import { portUsedInside } from './rules/port-used-inside.ts'
import { portTaken } from './rules/port-taken.ts'
import { programError } from './rules/program-error.ts'
import { runsAsRoot } from './rules/runs-as-root.ts'
import { secretInFile } from './rules/secret-in-file.ts'
import { secretNotGiven } from './rules/secret-not-given.ts'
import { settingMissing } from './rules/setting-missing.ts'
import { stepRefused } from './rules/step-refused.ts'
import { startedTooEarly } from './rules/started-too-early.ts'
import { unknownDatabase } from './rules/unknown-database.ts'
import { unreachable } from './rules/unreachable.ts'
import { updateRolledBack } from './rules/update-rolled-back.ts'
import { untaggedImage } from './rules/untagged-image.ts'
import { withoutHealthCheck } from './rules/without-health-check.ts'
import { withoutLimits } from './rules/without-limits.ts'
import { withoutRestartPolicy } from './rules/without-restart-policy.ts'
import { weakDependency } from './rules/weak-dependency.ts'

/** Every rule, the most telling first. Each has a page, `docs/rules/ID.md`, and a test holds that. */
export const rules: readonly Rule[] = [
  localhost,
  unreachable,
  startedTooEarly,
  databaseLogin,
  unknownDatabase,
  memoryLimitReached,
  machineOutOfMemory,
  stopTimeout,
  killedByHand,
  portTaken,
  nameTaken,
  imageNotFound,
  buildFailed,
  buildWithoutNetwork,
  bindSource,
  mountKind,
  addressTaken,
  programNotFound,
  programNotExecutable,
  scriptLineEndings,
  wrongArchitecture,
  scriptWithoutInterpreter,
  portUsedInside,
  notInImage,
  notWritable,
  secretNotGiven,
  settingMissing,
  heapFull,
  processLimit,
  noSpace,
  notListening,
  healthCheckProgram,
  healthCheck,
  endsAtOnce,
  updateRolledBack,
  portNotDeclared,
  heapOverMemory,
  weakDependency,
  dataOutsideVolume,
  databasePublished,
  secretInFile,
  untaggedImage,
  withoutRestartPolicy,
  withoutHealthCheck,
  withoutLimits,
  runsAsRoot,
  programError,
  stepRefused,
  lastWords,
]
