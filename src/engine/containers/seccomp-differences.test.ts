import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withDockersPromises } from './seccomp-differences.ts'
import { applyProfile } from './seccomp-profile.ts'

const lenient = withDockersPromises({
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 38,
  syscalls: [
    { names: ['read', 'unshare', 'keyctl', 'clone', 'clone3', 'socket'], action: 'SCMP_ACT_ALLOW' },
    { names: ['io_pgetevents'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
  ],
})

/** The rules for a call, as `action index op value`. */
function rulesFor(call: string, ...capabilities: readonly string[]): string[] {
  const here = { capabilities: new Set(capabilities), arch: 'arm64', seccompArch: 'SCMP_ARCH_AARCH64', kernel: '6.1.0' }
  const { syscalls } = applyProfile(lenient, here) as {
    syscalls: { names: string[]; action: string; errnoRet?: number; args?: { op: string; value: number }[] }[]
  }
  return syscalls
    .filter(({ names }) => names.includes(call))
    .map(({ action, errnoRet = '', args = [] }) =>
      [action.slice(9), errnoRet, ...args.map(({ op, value }) => `${op.slice(9)} ${value}`)].join(' ').trim(),
    )
}

test('what the profile allows beyond Docker’s is taken from its rules; the rest stays', () => {
  assert.deepEqual(rulesFor('read'), ['ALLOW'])
  assert.deepEqual(rulesFor('unshare'), ['ERRNO 1'])
  assert.deepEqual(rulesFor('keyctl', 'CAP_SYS_ADMIN'), ['ERRNO 1'])
  assert.deepEqual(rulesFor('io_pgetevents'), ['ALLOW'])
})

test('any one of the capabilities that open a call does', () => {
  assert.deepEqual(rulesFor('unshare', 'CAP_SYS_ADMIN'), ['ALLOW'])
  assert.deepEqual(rulesFor('bpf'), ['ERRNO 1'])
  assert.deepEqual(rulesFor('bpf', 'CAP_BPF'), ['ALLOW'])
  assert.deepEqual(rulesFor('bpf', 'CAP_SYS_ADMIN'), ['ALLOW'])
})

test('a process is made without any flag for namespaces', () => {
  assert.deepEqual(rulesFor('clone3'), ['ERRNO 38'])
  assert.deepEqual(rulesFor('clone').toSorted(), [
    'ALLOW  MASKED_EQ 2114060288',
    'ERRNO 1 MASKED_EQ 1073741824',
    'ERRNO 1 MASKED_EQ 131072',
    'ERRNO 1 MASKED_EQ 134217728',
    'ERRNO 1 MASKED_EQ 268435456',
    'ERRNO 1 MASKED_EQ 33554432',
    'ERRNO 1 MASKED_EQ 536870912',
    'ERRNO 1 MASKED_EQ 67108864',
  ])
  assert.deepEqual(rulesFor('clone', 'CAP_SYS_ADMIN'), ['ALLOW'])
})

test('every family of sockets is open but two', () => {
  assert.deepEqual(rulesFor('socket', 'CAP_SYS_ADMIN'), ['ALLOW  LT 38', 'ALLOW  EQ 39', 'ALLOW  GT 40', 'ERRNO 1 EQ 38', 'ERRNO 1 EQ 40'])
})
