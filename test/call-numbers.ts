/** Numbers of the calls that are not the same on all architectures (asm/unistd.h). */
const own: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  x64: {
    unshare: 272,
    clone: 56,
    setns: 308,
    mount: 165,
    umount2: 166,
    pivot_root: 155,
    add_key: 248,
    request_key: 249,
    keyctl: 250,
    bpf: 321,
    perf_event_open: 298,
    userfaultfd: 323,
    socket: 41,
    open_by_handle_at: 304,
    syslog: 103,
    reboot: 169,
    init_module: 175,
    kexec_load: 246,
    swapon: 167,
    acct: 163,
    settimeofday: 164,
    mbind: 237,
    personality: 135,
    io_pgetevents: 333,
    vmsplice: 278,
  },
  arm64: {
    unshare: 97,
    clone: 220,
    setns: 268,
    mount: 40,
    umount2: 39,
    pivot_root: 41,
    add_key: 217,
    request_key: 218,
    keyctl: 219,
    bpf: 280,
    perf_event_open: 241,
    userfaultfd: 282,
    socket: 198,
    open_by_handle_at: 265,
    syslog: 116,
    reboot: 142,
    init_module: 105,
    kexec_load: 104,
    swapon: 224,
    acct: 89,
    settimeofday: 170,
    mbind: 235,
    personality: 92,
    io_pgetevents: 292,
    vmsplice: 75,
  },
}

/** Those that are (asm-generic/unistd.h). */
const everywhere: Readonly<Record<string, number>> = {
  clone3: 435,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  mount_setattr: 442,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  pidfd_getfd: 438,
  pidfd_open: 434,
}

/** The number of a system call by its name on this machine. */
export function callNumber(name: string): number {
  const number = everywhere[name] ?? own[process.arch]?.[name]
  if (number === undefined) throw new Error(`the number of ${name} on ${process.arch} is not known`)
  return number
}
