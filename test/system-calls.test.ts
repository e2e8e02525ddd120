import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { callNumber } from './call-numbers.ts'
import { answerOf, constantsOf } from './filter-answer.ts'
import { Instance } from './instance.ts'

/**
 * The default seccomp profile as a container's programs see it: each call is made, and its error number compared with what
 * Docker's profile (moby/profiles, seccomp/default.json) makes of it. Perl, which every Debian has, makes them.
 */
const instance = new Instance()
const { ok } = instance
const hostPrograms = ['/usr', '/lib', '/lib64'].filter((path) => existsSync(path)).flatMap((path) => ['-v', `${path}:${path}:ro`])

before(async () => {
  await instance.start()
  await instance.importBox()
  // Its runtime compiles the filter; those of later containers are given it.
  await ok('run', '-d', '--name', 'first', 'box', 'sleep', '1000')
})

after(() => instance.stop())

const [EPERM, EBADF, EINVAL, ENOSYS] = [1, 9, 22, 38]

interface Probe {
  readonly call: string
  readonly number: number
  readonly args: readonly number[]
  readonly errno: number
}

/** `call` begins with the name of the system call. */
const probe = (call: string, args: readonly number[], errno = EPERM): Probe => ({
  call,
  number: callNumber(/^\w+/.exec(call)?.[0] ?? ''),
  args,
  errno,
})

const refused: readonly Probe[] = [
  probe('unshare(CLONE_NEWUSER)', [0x1000_0000]),
  probe('unshare(CLONE_NEWNET)', [0x4000_0000]),
  probe('unshare(0)', [0]),
  ...[0x0200_0000, 0x0002_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000, 0x7e02_0000].map((flags) =>
    probe(`clone(0x${flags.toString(16)} | SIGCHLD)`, [flags + 17, 0, 0, 0, 0]),
  ),
  probe('clone3', [0, 0], ENOSYS),
  probe('setns', [-1, 0]),
  probe('mount', [0, 0, 0, 0, 0]),
  probe('umount2', [0, 0]),
  probe('pivot_root', [0, 0]),
  probe('open_tree', [-1, 0, 0]),
  probe('move_mount', [-1, 0, -1, 0, 0]),
  probe('fsopen', [0, 0]),
  probe('fsconfig', [-1, 0, 0, 0, 0]),
  probe('fsmount', [-1, 0, 0]),
  probe('fspick', [-1, 0, 0]),
  probe('mount_setattr', [-1, 0, 0, 0, 0]),
  probe('add_key', [0, 0, 0, 0, 0]),
  probe('request_key', [0, 0, 0, 0]),
  probe('keyctl', [0, -3, 0]),
  probe('bpf', [0, 0, 0]),
  probe('perf_event_open', [0, 0, 0, 0, 0]),
  probe('userfaultfd', [0]),
  probe('io_uring_setup', [1, 0]),
  probe('io_uring_enter', [-1, 0, 0, 0, 0, 0]),
  probe('io_uring_register', [-1, 0, 0, 0]),
  probe('socket(AF_ALG)', [38, 5, 0]),
  probe('socket(AF_VSOCK)', [40, 1, 0]),
  probe('pidfd_getfd', [-1, 0, 0]),
  probe('open_by_handle_at', [-1, 0, 0]),
  probe('syslog', [3, 0, 0]),
  probe('reboot', [0, 0, 0, 0]),
  probe('init_module', [0, 0, 0]),
  probe('kexec_load', [0, 0, 0, 0]),
  probe('swapon', [0, 0]),
  probe('acct', [0]),
  probe('settimeofday', [0, 0]),
  probe('mbind', [0, 0, 0, 0, 0, 0]),
]

/** Calls that real programs need: io_pgetevents for asynchronous files (MySQL's), ptrace for debuggers. */
const allowed: readonly Probe[] = [
  probe('socket(AF_UNIX)', [1, 1, 0], 0),
  probe('socket(AF_NETLINK, NETLINK_AUDIT)', [16, 3, 9], 0),
  probe('personality(PER_LINUX)', [0], 0),
  probe('io_pgetevents', [0, 0, 0, 0, 0, 0], EINVAL),
  probe('vmsplice', [-1, 0, 0, 0], EBADF),
  probe('pidfd_open(itself)', [1, 0], 0),
]

/** Runs `probes` in a container and resolves with their error numbers by call. */
async function errnos(probes: readonly Probe[], ...flags: readonly string[]): Promise<Record<string, number>> {
  const calls = probes.map(({ number, args }) => `[${[number, ...args].join(',')}]`).join(',')
  const program = `for (${calls}) { $! = 0; my $r = syscall($_->[0], @$_[1..$#$_]); exit if $r == 0 && $_->[0] == ${callNumber('clone')}; print $r < 0 ? $!+0 : 0, "\\n" }`
  const out = await ok('run', '--rm', ...flags, ...hostPrograms, 'box', '/usr/bin/perl', '-e', program)
  const numbers = out.split('\n').map(Number)
  return Object.fromEntries(probes.map(({ call }, index) => [call, numbers[index] ?? -1]))
}

const wanted = (probes: readonly Probe[]): Record<string, number> => Object.fromEntries(probes.map(({ call, errno }) => [call, errno]))

test('what Docker’s profile refuses is refused, also to the user root with Docker’s capabilities', async () => {
  assert.deepEqual(await errnos(refused), wanted(refused))
})

test('an exec is filtered as its container is, a privileged one too', async () => {
  await ok('run', '-d', '--name', 'filtered', 'box', 'sleep', '1000')
  assert.equal(await ok('exec', 'filtered', 'grep', 'Seccomp:', '/proc/self/status'), 'Seccomp:\t2')
  assert.equal(await ok('exec', '--privileged', 'filtered', 'grep', 'Seccomp:', '/proc/self/status'), 'Seccomp:\t2')
  assert.equal((await instance.docker('exec', '--privileged', 'filtered', 'busybox', 'unshare', 'true')).code, 1)
})

test('what programs need is allowed', async () => {
  assert.deepEqual(await errnos(allowed), wanted(allowed))
  assert.deepEqual(await errnos([probe('personality(ADDR_NO_RANDOMIZE)', [0x4_0000], 0)]), {
    'personality(ADDR_NO_RANDOMIZE)': ENOSYS,
  })
})

test('a capability opens its own calls and no others', async () => {
  const opened = [probe('unshare(0)', [0], 0), probe('keyctl', [0, -3, 0]), probe('socket(AF_ALG)', [38, 5, 0])]
  assert.deepEqual(await errnos(opened, '--cap-add', 'SYS_ADMIN'), wanted(opened))
  const [clone3] = [probe('clone3', [0, 0], EINVAL)]
  assert.deepEqual(await errnos([clone3], '--cap-add', 'SYS_ADMIN'), wanted([clone3]))
})

test('once the filter has been shortened, each call is answered as before', async () => {
  const filterOf = (id: string): Buffer => readFileSync(`${instance.run}/crun/${id}/seccomp.bpf`)
  const long = filterOf(await ok('inspect', '-f', '{{.Id}}', 'first'))
  const short = await instance.until(
    async () => filterOf(await ok('run', '-d', 'box', 'sleep', '1000')),
    ({ length }) => length < long.length,
  )
  const bits = [0, 1, 2, 8, 16, 38, 40, 0x20000, 0x1000000, 0x7e020000, 0x10000000, 0xffffffff]
  const constants = [...new Set([...constantsOf(long), ...Array.from({ length: 600 }, (_, number) => number)])]
  for (const architecture of [0xc000003e, 0x40000003, 0xc00000b7, 0x40000028, 0])
    for (const number of constants.flatMap((k) => [k, (k + 0x40000000) >>> 0]))
      for (const bit of bits) {
        const call = { number, architecture, args: Array<number>(12).fill(bit) }
        assert.equal(answerOf(short, call), answerOf(long, call), JSON.stringify(call))
      }
  assert.deepEqual(await errnos([...refused, ...allowed]), wanted([...refused, ...allowed]))
})

test('without a filter the kernel alone decides', async () => {
  const open = [probe('unshare(0)', [0], 0)]
  assert.deepEqual(await errnos(open, '--security-opt', 'seccomp=unconfined'), wanted(open))
  assert.match(await ok('run', '--rm', '--privileged', 'box', 'grep', 'Seccomp:', '/proc/self/status'), /\t0$/)
})

test('a privileged container has what this host lets Galley hand on, and no more', async () => {
  const own = /^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  const given = await ok('run', '--rm', '--privileged', 'box', 'grep', 'CapBnd', '/proc/self/status')
  assert.equal(BigInt(`0x${given.split('\t')[1] ?? ''}`) & ~BigInt(`0x${own}`), 0n)
})
