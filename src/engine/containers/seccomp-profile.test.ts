import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyProfile, isAtLeast, parseProfile, type Circumstances, type Profile } from './seccomp-profile.ts'

const here: Circumstances = {
  capabilities: new Set(['CAP_SYS_PTRACE', 'CAP_CHOWN']),
  arch: 'amd64',
  seccompArch: 'SCMP_ARCH_X86_64',
  kernel: '6.1.0-18-amd64',
}

function allowed(profile: Omit<Profile, 'defaultAction'>, around = here): string[] {
  const { syscalls } = applyProfile({ defaultAction: 'SCMP_ACT_ERRNO', ...profile }, around) as { syscalls: { names: string[] }[] }
  return syscalls.flatMap(({ names }) => names)
}

function rule(condition: { includes?: object; excludes?: object }) {
  return { syscalls: [{ names: ['x'], action: 'SCMP_ACT_ALLOW', ...condition }] }
}

test('a rule that includes applies only when all that it names holds', () => {
  assert.deepEqual(allowed(rule({})), ['x'])
  assert.deepEqual(allowed(rule({ includes: { caps: ['CAP_SYS_PTRACE', 'CAP_CHOWN'] } })), ['x'])
  assert.deepEqual(allowed(rule({ includes: { caps: ['CAP_SYS_PTRACE', 'CAP_SYS_ADMIN'] } })), [])
  assert.deepEqual(allowed(rule({ includes: { arches: ['arm64'] } })), [])
  assert.deepEqual(allowed(rule({ includes: { arches: ['arm64', 'amd64'] } })), ['x'])
  assert.deepEqual(allowed(rule({ includes: { minKernel: '4.8' } })), ['x'])
  assert.deepEqual(allowed(rule({ includes: { minKernel: '6.2' } })), [])
})

test('a rule that excludes is out when anything that it names holds', () => {
  assert.deepEqual(allowed(rule({ excludes: { caps: ['CAP_SYS_ADMIN'] } })), ['x'])
  assert.deepEqual(allowed(rule({ excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_CHOWN'] } })), [])
  assert.deepEqual(allowed(rule({ excludes: { arches: ['amd64'] } })), [])
  assert.deepEqual(allowed(rule({ excludes: { minKernel: '4.8' } })), [])
  assert.deepEqual(allowed(rule({ excludes: { minKernel: '7.0' } })), ['x'])
})

test('architectures come from the map entry of this machine, or from the plain list', () => {
  const archMap = [
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
  ]
  const mapped = applyProfile({ defaultAction: 'SCMP_ACT_ALLOW', archMap }, here) as { architectures: string[] }
  assert.deepEqual(mapped.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'])
  const plain = applyProfile({ defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86'] }, here) as { architectures: string[] }
  assert.deepEqual(plain.architectures, ['SCMP_ARCH_X86'])
})

test('arguments, error numbers and the older single name are carried over', () => {
  const args = [{ index: 0, value: 8, valueTwo: 0, op: 'SCMP_CMP_EQ' }]
  const { syscalls } = applyProfile(
    {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 1,
      syscalls: [{ name: 'personality', action: 'SCMP_ACT_ERRNO', args, errnoRet: 22 }],
    },
    here,
  ) as { syscalls: object[] }
  assert.deepEqual(syscalls, [{ names: ['personality'], action: 'SCMP_ACT_ERRNO', args, errnoRet: 22 }])
})

test('a profile that contradicts itself is refused', () => {
  assert.throws(() => parseProfile('{'), /Decoding seccomp profile failed/)
  assert.throws(() => parseProfile('{}'), /defaultAction is missing/)
  const both = { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['a'], archMap: [{ architecture: 'b' }] }
  assert.throws(() => parseProfile(JSON.stringify(both)), /either 'architectures' or 'archMap'/)
  const twice = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ name: 'a', names: ['b'], action: 'SCMP_ACT_ALLOW' }] }
  assert.throws(() => parseProfile(JSON.stringify(twice)), /either 'name' or 'names'/)
})

test('kernels are compared by number, not by text', () => {
  assert.ok(isAtLeast('6.18.0', '6.2'))
  assert.ok(isAtLeast('10.0', '9.9'))
  assert.ok(!isAtLeast('4.4.0', '4.8'))
})
