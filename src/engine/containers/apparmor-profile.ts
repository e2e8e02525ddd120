/** The name of the profile below. */
export const defaultProfile = 'galley-default'

/**
 * What AppArmor keeps a container from, in the language of apparmor.d(5). All that a program in a container does is open to it but for what
 * reaches the host beside the namespaces: mounting, the kernel's own files, and processes that are not containers'. Each line is a second
 * lock, as masked paths, capabilities and seccomp refuse most of it already; it counts where a person opened one of those.
 */
export const profileText = `abi <abi/3.0>,
include <tunables/global>

profile ${defaultProfile} flags=(attach_disconnected, mediate_deleted) {
  file,
  network,
  capability,
  umount,
  unix,
  dbus,

  # A runtime, or a person on the host, may signal a container; a container may signal containers only.
  signal (receive) peer=unconfined,
  signal (receive) peer=/usr/bin/crun,
  signal (receive) peer=crun,
  signal (receive) peer=runc,
  signal (send, receive) peer=${defaultProfile},
  ptrace (trace, tracedby, read, readby) peer=${defaultProfile},

  deny mount,
  deny pivot_root,

  # /proc: only what belongs to processes, and of /proc/sys the limits of System V IPC.
  deny @{PROC}/* w,
  deny @{PROC}/[^1-9s]*/** wklx,
  deny @{PROC}/s[^ey]*/** wklx,
  deny @{PROC}/sys/[^k]*/** wklx,
  deny @{PROC}/sys/kernel/{[^ms]*,m[^s]*,s[^eh]*}{,/**} wklx,
  deny @{PROC}/{kcore,kmem,mem} rwklx,
  deny @{PROC}/sysrq-trigger rwklx,

  # /sys: only control groups.
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/{firmware,devices/virtual/powercap,kernel/security}/** rwklx,
}
`
