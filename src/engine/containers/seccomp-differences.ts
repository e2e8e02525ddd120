import type { Profile, Rule } from './seccomp-profile.ts'

/**
 * Where Docker's default profile (moby/profiles, seccomp/default.json of June 2026) says otherwise than the one that Debian ships,
 * which is Podman's: that one lets every container make namespaces, mount in them, use the kernel's keyrings and any kind of socket.
 *
 * Unlike Docker's, the profile answers "no such call" (ENOSYS) to what it doesn't mention: calls newer than libseccomp, which programs
 * then do without. runc adds that itself, crun doesn't. What Docker refuses is therefore named here.
 */
const EPERM = 1
const ENOSYS = 38

/** Allowed to who has one of these capabilities, refused to everybody else. */
const conditional: readonly (readonly [capabilities: readonly string[], names: readonly string[]])[] = [
  [['CAP_SYS_ADMIN'], words('mount umount umount2 mount_setattr move_mount open_tree fsconfig fsmount fsopen fspick')],
  [['CAP_SYS_ADMIN'], words('unshare setns quotactl_fd lsm_get_self_attr lsm_list_modules lsm_set_self_attr')],
  [['CAP_SYS_ADMIN', 'CAP_SYSLOG'], ['syslog']],
  [['CAP_SYS_ADMIN', 'CAP_BPF'], ['bpf']],
  [['CAP_SYS_ADMIN', 'CAP_PERFMON'], ['perf_event_open']],
  [['CAP_SYS_BOOT'], ['reboot']],
  [['CAP_SYS_NICE'], words('get_mempolicy mbind set_mempolicy set_mempolicy_home_node')],
  [['CAP_SYS_PTRACE'], ['pidfd_getfd']],
]

/** Docker has no rule for these, whatever the capabilities (io_uring since 25.0). */
const refused = words('add_key request_key keyctl pivot_root io_uring_setup io_uring_enter io_uring_register query_module')

/** Those that the installed libseccomp doesn't know yet, crun passes over. */
const allowed = words(
  'io_pgetevents io_pgetevents_time64 vmsplice cachestat fchmodat2 mseal map_shadow_stack uretprobe',
  'futex_waitv futex_wait futex_wake futex_requeue listmount statmount',
  'getxattrat setxattrat listxattrat removexattrat riscv_hwprobe',
)

/** CLONE_NEW…: cgroup, mount, UTS, IPC, user, PID and network (linux/sched.h). */
const namespaceFlags = [0x0200_0000, 0x0002_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000]
/** AF_ALG, for the kernel's cryptography (CVE-2026-31431), and AF_VSOCK, which reaches the host past its network (linux/socket.h). */
const refusedFamilies = [38, 40]

/** The profile that Debian ships, with Docker's promises. */
export function withDockersPromises(profile: Profile): Profile {
  const ours = [...conditional.flatMap(rulesOf), refuse(refused), allow(allowed), ...cloneRules(), ...socketRules()]
  const named = new Set(ours.flatMap(({ names }) => names))
  const theirs = (profile.syscalls ?? []).map((rule) => ({ ...rule, names: (rule.names ?? []).filter((name) => !named.has(name)) }))
  return { ...profile, syscalls: [...theirs.filter(({ names }) => names.length > 0), ...ours] }
}

type OwnRule = Rule & { readonly names: readonly string[] }

function rulesOf([capabilities, names]: (typeof conditional)[number]): OwnRule[] {
  return [
    ...capabilities.map((capability) => allow(names, { includes: { caps: [capability] } })),
    refuse(names, { excludes: { caps: capabilities } }),
  ]
}

/** A process may be made, a namespace not. clone3 has its flags in memory, where no filter sees them: without it, libc takes clone. */
function cloneRules(): OwnRule[] {
  const others = { excludes: { caps: ['CAP_SYS_ADMIN'] } }
  const all = namespaceFlags.reduce((sum, flag) => sum + flag)
  return [
    allow(['clone', 'clone3'], { includes: { caps: ['CAP_SYS_ADMIN'] } }),
    allow(['clone'], { ...others, args: [{ index: 0, value: all, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }] }),
    ...namespaceFlags.map((flag) =>
      refuse(['clone'], { ...others, args: [{ index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }] }),
    ),
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS, ...others },
  ]
}

function socketRules(): OwnRule[] {
  const family = (op: string, value: number): object => ({ args: [{ index: 0, value, op }] })
  return [
    allow(['socket'], family('SCMP_CMP_LT', 38)),
    allow(['socket'], family('SCMP_CMP_EQ', 39)),
    allow(['socket'], family('SCMP_CMP_GT', 40)),
    ...refusedFamilies.map((value) => refuse(['socket'], family('SCMP_CMP_EQ', value))),
  ]
}

function allow(names: readonly string[], rest: Partial<Rule> = {}): OwnRule {
  return { ...rest, names, action: 'SCMP_ACT_ALLOW' }
}

function refuse(names: readonly string[], rest: Partial<Rule> = {}): OwnRule {
  return { ...rest, names, action: 'SCMP_ACT_ERRNO', errnoRet: EPERM }
}

function words(...lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(' '))
}
