import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Instance } from './instance.ts'

/** What a container with the default settings can't do to the host, itself and by `docker exec`. */
const instance = new Instance()
const { docker, ok } = instance
const secret = `${instance.home}/secret`
/** The fourteen, capabilities(7). */
const defaultCapabilities = '00000000a80425fb'

before(async () => {
  await instance.start()
  await instance.importBox()
  mkdirSync(secret, { mode: 0o700 })
  writeFileSync(`${secret}/passwd`, 'operator:x:4242:4242::/:/bin/sh\n')
  await ok('run', '-d', '--name', 'plain', 'box', 'sleep', '1000')
})

after(() => instance.stop())

/** Runs `script` in a new container and by exec in one that runs, and hands what both say to `look`. */
async function bothWays(script: string, look: (said: string) => void): Promise<void> {
  look(await ok('run', '--rm', 'box', 'sh', '-c', script))
  look(await ok('exec', 'plain', 'sh', '-c', script))
}

test('fourteen capabilities, none of them inheritable or ambient (CVE-2022-24769, CVE-2022-29162)', () =>
  bothWays('grep Cap /proc/self/status', (said) =>
    assert.deepEqual(
      said.split('\n').map((line) => line.split(/:\s*/)),
      [
        ['CapInh', '0000000000000000'],
        ['CapPrm', defaultCapabilities],
        ['CapEff', defaultCapabilities],
        ['CapBnd', defaultCapabilities],
        ['CapAmb', '0000000000000000'],
      ],
    ),
  ))

test('another user than root has none of them in effect, and no-new-privileges holds in an exec too', async () => {
  for (const how of [
    ['run', '--rm', '-u', '7', 'box'],
    ['exec', '-u', '7', 'plain'],
  ])
    assert.match(await ok(...how, 'grep', 'Cap', '/proc/self/status'), /CapPrm:\t0{16}\nCapEff:\t0{16}/)
  await ok('run', '-d', '--name', 'modest', '--security-opt', 'no-new-privileges', 'box', 'sleep', '1000')
  assert.equal(await ok('exec', '--privileged', 'modest', 'grep', 'NoNewPrivs', '/proc/self/status'), 'NoNewPrivs:\t1')
})

test('groups of a user do not vanish (CVE-2022-36109)', async () => {
  for (const how of [
    ['run', '--rm', '-u', 'operator', 'box'],
    ['exec', '-u', 'operator', 'plain'],
  ])
    assert.match(await ok(...how, 'grep', 'Groups', '/proc/self/status'), /^Groups:\t37 99 ?$/)
})

const masked = words(
  '/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi',
  '/proc/timer_list /proc/timer_stats /sys/devices/virtual/powercap /sys/firmware',
)

test('files of the kernel that tell of the host are empty', () =>
  bothWays(
    `for path in ${masked.join(' ')} /sys/devices/system/cpu/cpu*/thermal_throttle; do if [ -d $path ]; then ls $path; else head -c 9 $path 2>/dev/null; fi; done; true`,
    (said) => assert.equal(said, ''),
  ))

const settings = words(
  '/proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /proc/irq/default_smp_affinity',
  '/sys/kernel/uevent_helper /sys/power/state /sys/fs/cgroup/memory/release_agent /sys/fs/cgroup/cgroup.procs',
  '/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/devices/devices.allow',
).filter((path) => existsSync(path))

test('no setting of the kernel or of a control group can be written', async () => {
  assert.ok(settings.length > 3, 'the host has these files')
  await bothWays(`for path in ${settings.join(' ')}; do (: >>$path) 2>/dev/null && echo $path; done; true`, (said) =>
    assert.equal(said, ''),
  )
})

test('only harmless devices are there, and a node made by hand opens nothing', () => {
  const devices = 'console core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(' ')
  const script = `ls /dev; cd /tmp; rm -f d k f
    busybox mknod d b 8 0; busybox mknod k c 1 11; busybox mknod f c 10 229
    for node in d k f; do cat $node; done 2>&1; true`
  return bothWays(script, (said) => {
    const lines = said.split('\n')
    assert.deepEqual(
      lines.filter((line) => !line.includes(':') && !devices.includes(line)),
      [],
    )
    assert.deepEqual(
      lines.filter((line) => line.includes(':')),
      ['d', 'k', 'f'].map((node) => `cat: can't open '${node}': Operation not permitted`),
    )
  })
})

test('the runtime’s program can’t be overwritten by what it runs (CVE-2019-5736)', async () => {
  const digest = (): string => createHash('sha256').update(readFileSync('/usr/bin/crun')).digest('hex')
  const earlier = digest()
  // Whoever enters is met by a loop that opens every program for writing, and by an entry point that is its own runtime.
  const hunt = 'while :; do for exe in /proc/[0-9]*/exe; do (printf x >>$exe) 2>/dev/null; done; done'
  await ok('run', '-d', '--name', 'hunter', 'box', 'sh', '-c', `printf '#!/proc/self/exe\\n' >/bad; chmod +x /bad; ${hunt}`)
  for (let round = 0; round < 15; round++) {
    await docker('exec', 'hunter', 'true')
    await docker('exec', 'hunter', '/bad')
  }
  assert.equal(digest(), earlier)
  await ok('rm', '-f', 'hunter')
})

test('an exec’s working directory among open files leads nowhere (CVE-2024-21626)', async () => {
  await ok('exec', 'plain', 'sh', '-c', 'for fd in 3 4 5 6 7 8 9 10 11; do ln -s /proc/self/fd/$fd /tmp/w$fd; done')
  for (let fd = 3; fd < 12; fd++)
    for (const directory of [`/proc/self/fd/${fd}`, `/tmp/w${fd}`]) {
      const { out, err } = await docker('exec', '-w', directory, 'plain', 'sh', '-c', `cat ../../../../../../../..${secret}/passwd; ls`)
      assert.ok(!`${out}${err}`.includes('4242'), `${directory}\n${out}${err}`)
    }
})

const tables: Readonly<Record<string, string>> = {
  link: `ln -s ${secret}/passwd /etc/passwd`,
  'climbing link': `ln -s ../../../../../../../../..${secret}/passwd /etc/passwd`,
  'magic link': 'ln -s /proc/1/root/etc/passwd /etc/passwd',
  pipe: 'busybox mkfifo /etc/passwd',
  device: 'busybox mknod /etc/passwd c 10 130',
  directory: 'mkdir /etc/passwd',
}

for (const [kind, make] of Object.entries(tables)) {
  test(`a user table that a running container turns into a ${kind} neither leaks to an exec nor holds it`, async () => {
    const name = `table-${kind.replaceAll(' ', '-')}`
    await ok('run', '-d', '--name', name, 'box', 'sh', '-c', `rm /etc/passwd; ${make}; exec sleep 1000`)
    await instance.until(
      () => docker('exec', name, 'sh', '-c', 'grep -q ^sleep /proc/1/cmdline'),
      ({ code }) => code === 0,
    )
    const { code, out, err } = await docker('exec', '-u', 'operator', name, 'id')
    assert.equal(code, 1)
    assert.match(`${out}${err}`, /unable to find user operator: no matching entries in passwd file/)
    await ok('rm', '-f', name)
  })
}

test('a user of an exec that overflows is refused, not turned into root (CVE-2024-40635, CVE-2026-30892)', async () => {
  for (const user of ['4294967296', '65536:4294967296', '2147483648', '-1', '1e1', '0x0', '+0', ' 0', '0:0:0'])
    assert.notEqual((await docker('exec', '-u', user, 'plain', 'id', '-u')).code, 0, user)
})

test('names and labels are text: never run, never a second line of an event or of the log (CVE-2026-53488)', async () => {
  const marker = `${instance.home}/ran`
  const label = `a"b\n{"Type":"container","Action":"forged"}\n$(touch ${marker})\`touch ${marker}\`;touch ${marker}`
  const since = String(Math.floor(Date.now() / 1000) - 1)
  for (const name of ['two\nlines', '../up', 'a b', '$(id)']) assert.notEqual((await docker('create', '--name', name, 'box')).code, 0)
  await ok('run', '--rm', '--label', `evil=${label}`, '--label', 'name=forged', '--label', 'image=forged', 'box', 'true')
  const until = String(Math.ceil(Date.now() / 1000))
  const lines = (await ok('events', '--since', since, '--until', until, '--format', '{{json .}}')).split('\n')
  const events = lines.map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } })
  const started = events.find(({ Action, Actor }) => Action === 'start' && Actor.Attributes['evil'] !== undefined)
  assert.equal(started?.Actor.Attributes['evil'], label)
  assert.equal(started?.Actor.Attributes['image'], 'box')
  assert.ok(!events.some(({ Action }) => Action === 'forged'))
  assert.ok(!existsSync(marker))
  for (const line of readFileSync(`${instance.run}/daemon.log`, 'utf8').split('\n')) if (line !== '') JSON.parse(line)
})

test('nothing of the host’s mounts, processes and sockets is seen', async () => {
  await bothWays('cat /proc/self/mountinfo; ls /run /var/run 2>/dev/null; ps', (said) => {
    assert.ok(!said.includes('docker.sock') && !said.includes('keeper'), said)
  })
  // Sockets without a name in the file system would be open to whoever shares the host's network (CVE-2020-15257).
  const sockets = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .filter((line) => line.includes('@') && line.includes(instance.home))
  assert.deepEqual(sockets, [])
})

function words(...lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(' '))
}
