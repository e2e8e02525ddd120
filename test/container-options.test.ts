import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { removeGroup } from '#host/cgroup/files.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** One assertion a flag of `docker run`, looking from inside the container. */
const instance = instanceWithBox()
const v1 = existsSync('/sys/fs/cgroup/memory')
const control = '/sys/fs/cgroup'

interface Case {
  readonly flags: readonly string[]
  readonly look: string
  readonly sees: string | RegExp
}

function inside(flags: string, look: string, sees: string | RegExp): Case {
  return { flags: flags.split(' '), look, sees }
}

const limits: readonly Case[] = [
  inside('-m 64m', `cat ${control}/memory/memory.limit_in_bytes`, '67108864'),
  inside('-m 64m', `cat ${control}/memory/memory.memsw.limit_in_bytes`, '134217728'),
  inside('-m 64m --memory-swap 96m', `cat ${control}/memory/memory.memsw.limit_in_bytes`, '100663296'),
  inside('-m 64m --memory-swap -1', `cat ${control}/memory/memory.memsw.limit_in_bytes`, /^\d{19}$/),
  inside('--memory-reservation 32m', `cat ${control}/memory/memory.soft_limit_in_bytes`, '33554432'),
  inside('-m 64m --memory-swappiness 7', `cat ${control}/memory/memory.swappiness`, '7'),
  inside('-m 64m --oom-kill-disable', `head -1 ${control}/memory/memory.oom_control`, 'oom_kill_disable 1'),
  inside('--cpus 0.5', `cat ${control}/cpu/cpu.cfs_quota_us`, '50000'),
  inside('--cpu-period 50000 --cpu-quota 20000', `cat ${control}/cpu/cpu.cfs_period_us ${control}/cpu/cpu.cfs_quota_us`, '50000\n20000'),
  inside('--cpu-shares 512', `cat ${control}/cpu/cpu.shares`, '512'),
  inside('--cpuset-cpus 0', 'nproc', '1'),
  inside('--cpuset-mems 0', `cat ${control}/cpuset/cpuset.mems`, '0'),
  inside('--pids-limit 17', `cat ${control}/pids/pids.max`, '17'),
]

/** Version 2 counts swap by itself, weighs from 1 to 10000, and has neither swappiness nor a switch for the kernel's killing. */
const secondLimits: readonly Case[] = [
  inside('-m 64m', `cat ${control}/memory.max ${control}/memory.swap.max`, '67108864\n67108864'),
  inside('-m 64m --memory-swap 96m', `cat ${control}/memory.swap.max`, '33554432'),
  inside('-m 64m --memory-swap -1', `cat ${control}/memory.swap.max`, 'max'),
  inside('--memory-reservation 32m', `cat ${control}/memory.low`, '33554432'),
  inside('--cpus 0.5', `cat ${control}/cpu.max`, '50000 100000'),
  inside('--cpu-period 50000 --cpu-quota 20000', `cat ${control}/cpu.max`, '20000 50000'),
  inside('--cpu-shares 512', `cat ${control}/cpu.weight`, '20'),
  inside('--cpuset-cpus 0', 'nproc', '1'),
  inside('--cpuset-mems 0', `cat ${control}/cpuset.mems`, '0'),
  inside('--pids-limit 17', `cat ${control}/pids.max`, '17'),
]

test('limits are those of the container’s own control group', () => check(v1 ? limits : secondLimits))

const identity: readonly Case[] = [
  inside('--ulimit nofile=100:200', 'ulimit -Sn; ulimit -Hn', '100\n200'),
  inside('--ulimit core=0', 'ulimit -c', '0'),
  inside('--oom-score-adj 300', 'cat /proc/self/oom_score_adj', '300'),
  inside('--cap-drop ALL', 'grep CapEff /proc/self/status', /0000000000000000$/),
  inside('--cap-drop ALL --cap-add NET_ADMIN', 'grep CapEff /proc/self/status', /0000000000001000$/),
  inside('--security-opt no-new-privileges', 'grep NoNewPrivs /proc/self/status', /1$/),
  inside('--security-opt seccomp=unconfined', 'grep Seccomp: /proc/self/status', /0$/),
  inside('--init', 'tr "\\0" " " </proc/1/cmdline', /^\/sbin\/docker-init -- sh -c/),
  inside('--user 12:34 --group-add 56', 'id -u; id -g; id -G', '12\n34\n34 56'),
  inside('--sysctl net.core.somaxconn=99', 'cat /proc/sys/net/core/somaxconn', '99'),
  inside('--hostname one --domainname example.test', 'cat /proc/sys/kernel/domainname; hostname', 'example.test\none'),
  inside('--annotation one=two', 'echo ran', 'ran'),
  inside('--stop-signal SIGUSR1 --stop-timeout 3', 'echo ran', 'ran'),
]

test('the process has the rights, limits and identity that were asked for', () => check(identity))

const sharing: readonly Case[] = [
  inside('--pid host', `test -d /proc/${process.pid} && echo seen`, 'seen'),
  inside('--uts host', 'hostname', readFileSync('/proc/sys/kernel/hostname', 'utf8').trim()),
  inside('--ipc none', 'test -d /dev/shm || echo none', 'none'),
  inside('--ipc host', 'readlink /proc/self/ns/ipc', readlinkSync('/proc/self/ns/ipc')),
  inside('--cgroupns private', 'grep -v name= /proc/self/cgroup | head -1', /:\/$/),
  inside('--cgroupns host', 'grep -v name= /proc/self/cgroup | head -1', /:\/galley/),
  inside('--shm-size 8m', 'grep " /dev/shm " /proc/mounts', /size=8192k/),
]

test('namespaces are shared as asked', () => check(sharing))

const files: readonly Case[] = [
  inside('--read-only', 'touch /made 2>&1 || true', /Read-only file system/),
  inside('--tmpfs /scratch:size=4m,mode=700', 'grep " /scratch " /proc/mounts; stat -c %a /scratch', /size=4096k[^]*\n700$/),
  inside(
    '--mount type=tmpfs,target=/scratch,tmpfs-size=2m,tmpfs-mode=711',
    'stat -c %a /scratch; grep -c size=2048k /proc/mounts',
    '711\n1',
  ),
  inside('--mount type=volume,target=/data,volume-nocopy', 'ls /data', ''),
  inside('--mount type=volume,target=/data', 'cat /data/seed', 'from the image'),
  inside('-v /data', 'cat /data/seed', 'from the image'),
  inside('-v named:/data:ro', 'touch /data/made 2>&1 || true', /Read-only file system/),
  inside('-v named:/elsewhere:nocopy', 'echo ran', 'ran'),
  inside('--mount type=bind,source=/etc/hostname,target=/there,readonly', 'cat /there', readFileSync('/etc/hostname', 'utf8').trim()),
  inside('-v /etc/hostname:/there:ro,rprivate', 'cat /there', readFileSync('/etc/hostname', 'utf8').trim()),
  inside('--device /dev/null:/dev/mine:r', 'stat -c %F /dev/mine; echo x >/dev/mine', /character special file/),
  inside('--security-opt systempaths=unconfined', 'grep -c " /proc/sys " /proc/mounts || true', '0'),
  inside('--privileged', 'test -c /dev/full && grep -c " /proc/sys " /proc/mounts || true', '0'),
  inside('--privileged', 'mount -t tmpfs none /tmp && echo mounted', 'mounted'),
]

test('mounts and devices are there, in both syntaxes', () => check(files))

async function check(cases: readonly Case[]): Promise<void> {
  for (const { flags, look, sees } of cases) {
    const { code, out, err } = await instance.docker('run', '--rm', ...flags, 'box', 'sh', '-c', look)
    const said = out.trim()
    const told = `docker run ${flags.join(' ')}: exit ${code}\n${err}`
    if (typeof sees === 'string') assert.equal(said, sees, told)
    else assert.match(said, sees, told)
  }
}

test('a seccomp profile of one’s own is carried out, with its conditions', async () => {
  const profile = `${instance.home}/profile.json`
  const deny = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1, excludes: { caps: ['CAP_SYS_ADMIN'] } }
  writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [deny] }))
  const run = ['run', '--rm', '--security-opt', `seccomp=${profile}`]
  assert.match((await instance.docker(...run, 'box', 'mkdir', '/made')).err, /Operation not permitted/)
  assert.equal((await instance.docker(...run, '--cap-add', 'SYS_ADMIN', 'box', 'mkdir', '/made')).code, 0)
  writeFileSync(profile, '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"a","names":["b"],"action":"SCMP_ACT_ALLOW"}]}')
  assert.match((await instance.docker(...run, 'box', 'true')).err, /use either 'name' or 'names'/)
})

test('a rule opens devices that nobody named', async () => {
  const rule = ['run', '--rm', '--device-cgroup-rule', 'c 1:* rwm', 'box', 'cat', `${control}/devices/devices.list`]
  if (v1) assert.match(await instance.ok(...rule), /^c 1:\* rwm$/m)
  assert.match(
    (await instance.docker('run', '--rm', '--device-cgroup-rule', 'x 1:1 r', 'box', 'true')).err,
    /invalid device cgroup rule|invalid/,
  )
})

test('a container joins another one’s processes and shared memory', async () => {
  await instance.ok('run', '-d', '--name', 'lender', '--ipc', 'shareable', 'box', 'sh', '-c', 'echo mine >/dev/shm/note; exec sleep 1000')
  await instance.until(
    () => instance.docker('exec', 'lender', 'grep', '-q', 'mine', '/dev/shm/note'),
    ({ code }) => code === 0,
  )
  assert.equal(await instance.ok('run', '--rm', '--ipc', 'container:lender', 'box', 'cat', '/dev/shm/note'), 'mine')
  assert.match(await instance.ok('run', '--rm', '--pid', 'container:lender', 'box', 'ps'), /sleep 1000/)
  await instance.ok('run', '-d', '--name', 'miser', 'box', 'sleep', '1000')
  assert.match((await instance.docker('run', '--rm', '--ipc', 'container:miser', 'box', 'true')).err, /non-shareable IPC/)
  await instance.ok('rm', '-f', 'lender', 'miser')
})

test('volumes come from another container, a part of a volume is enough, a volume is made with labels', async () => {
  await instance.ok('run', '--name', 'source', '-v', 'stock:/data', 'box', 'sh', '-c', 'mkdir /data/sub; echo part >/data/sub/file')
  assert.equal(await instance.ok('run', '--rm', '--volumes-from', 'source', 'box', 'cat', '/data/seed'), 'from the image')
  assert.match((await instance.docker('run', '--rm', '--volumes-from', 'source:ro', 'box', 'touch', '/data/x')).err, /Read-only/)
  const part = ['--mount', 'type=volume,source=stock,target=/part,volume-subpath=sub']
  assert.equal(await instance.ok('run', '--rm', ...part, 'box', 'ls', '/part'), 'file')
  await instance.ok('run', '--rm', '-v', 'stock:/data', 'box', 'ln', '-s', '/etc', '/data/out')
  const escape = await instance.docker('run', '--rm', '--mount', 'type=volume,source=stock,target=/part,volume-subpath=out', 'box', 'true')
  assert.match(escape.err, /cannot access path out of volume stock/)
  await instance.ok('rm', 'source')
  await instance.ok('run', '--rm', '--mount', 'type=volume,source=tagged,target=/t,volume-label=a=b', 'box', 'true')
  assert.equal(await instance.ok('volume', 'inspect', '-f', '{{.Labels.a}}', 'tagged'), 'b')
})

test('an image is mounted, with what the container writes there for itself', async () => {
  const whole = ['--mount', 'type=image,source=box,target=/i']
  assert.equal(await instance.ok('run', '--rm', ...whole, 'box', 'sh', '-c', 'echo more >/i/data/more; cat /i/data/seed'), 'from the image')
  assert.equal(await instance.ok('run', '--rm', ...whole, 'box', 'ls', '/i/data'), 'seed')
  const part = ['--mount', 'type=image,source=box,target=/i,image-subpath=data']
  assert.equal(await instance.ok('run', '--rm', ...part, 'box', 'ls', '/i'), 'seed')
  const lost = await instance.docker('run', '--rm', '--mount', 'type=image,source=box,target=/i,image-subpath=lost', 'box', 'true')
  assert.match(lost.err, /cannot access path lost of image sha256:[0-9a-f]{64}: no such file/)
  assert.match((await instance.docker('run', '--rm', '--mount', 'type=image,source=nosuch,target=/i', 'box', 'true')).err, /No such image/i)
})

test('a bind is made, refused or passed on as asked', async () => {
  const source = `${instance.home}/made`
  assert.match(
    (await instance.docker('run', '--rm', '--mount', `type=bind,source=${source},target=/m`, 'box', 'true')).err,
    /bind source path does not exist/,
  )
  await instance.ok('run', '--rm', '-v', `${source}:/n`, 'box', 'true')
  mkdirSync(`${source}/below`)
  writeFileSync(`${source}/below/file`, 'x')
  assert.equal(
    await instance.ok(
      'run',
      '--rm',
      '--mount',
      `type=bind,source=${source},target=/m,bind-recursive=disabled`,
      'box',
      'cat',
      '/m/below/file',
    ),
    'x',
  )
  const shared = await instance.docker('run', '--rm', '-v', `${source}:/m:rshared`, 'box', 'true')
  const isShared = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => / \/ (\/|\/tmp) .*shared:/.test(line))
  if (isShared) assert.equal(shared.code, 0, shared.err)
  else assert.match(shared.err, /is mounted on .* but it is not a shared mount/)
})

test('--link tells a container where the other one is', async () => {
  await instance.ok('run', '-d', '--name', 'db', '--expose', '5432', '-e', 'SECRET=x', 'box', 'sleep', '1000')
  const seen = await instance.ok(
    'run',
    '--rm',
    '--link',
    'db:store',
    'box',
    'sh',
    '-c',
    'env | grep ^STORE_ | sort; ping -c1 -W2 store | head -1',
  )
  assert.match(seen, /^STORE_ENV_SECRET=x$/m)
  assert.match(seen, /^STORE_PORT_5432_TCP=tcp:\/\/[\d.]+:5432$/m)
  assert.match(seen, /^PING store \([\d.]+\)/m)
  await instance.ok('rm', '-f', 'db')
})

test('a parent group of one’s own', { skip: v1 ? false : 'only cgroup version 1 is read here' }, async () => {
  const parent = `/galley-test-${process.pid}`
  assert.match(
    await instance.ok('run', '--rm', '--cgroup-parent', parent, 'box', 'cat', '/proc/self/cgroup'),
    new RegExp(`:memory:${parent}/`),
  )
  // The kernel may still be busy with the group below it.
  for (const controller of readdirSync(control))
    await instance.until(
      () => removeGroup(`${control}/${controller}${parent}`),
      (isGone) => isGone,
    )
})

test('a limit of open files that stops the runtime itself is told as that', async () => {
  const { code, err } = await instance.docker('run', '--rm', '--ulimit', 'nofile=3', 'box', 'true')
  assert.equal(code, 125)
  assert.match(err, /too many open files\nThe process may have 3 open files \(ulimit nofile\)/)
})

test('what this host withholds is said, not hidden', async (context) => {
  const hard = Number(readFileSync('/proc/self/limits', 'utf8').match(/Max open files\s+\d+\s+(\d+)/)?.[1])
  if (mayRaiseLimits() && hard >= Number(readFileSync('/proc/sys/fs/nr_open', 'utf8')))
    return context.skip('this host grants root all open files that its kernel can (fs.nr_open), and so withholds nothing')
  const { out, err } = await instance.docker('run', '--rm', '--ulimit', `nofile=${hard + 1}:${hard + 1}`, 'box', 'sh', '-c', 'ulimit -n')
  if (out.trim() === String(hard + 1)) return context.skip('this host lets root raise its own limits, and so withholds nothing')
  assert.equal(out.trim(), String(hard))
  assert.match(err, /ulimit nofile/)
})

/** CAP_SYS_RESOURCE (capabilities(7)), which machines of one's own give to root. */
function mayRaiseLimits(): boolean {
  const capabilities = /^CapEff:\s*([\da-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${capabilities}`) >> 24n) & 1n) === 1n
}

const refusals: readonly (readonly [flags: string, message: RegExp])[] = [
  ['--gpus all', /could not select device driver "" with capabilities: \[\[gpu\]\]/],
  ['--storage-opt size=1G', /HostConfig.StorageOpt is not implemented by Galley/],
  ['--userns remapped', /invalid USER mode/],
  ['--isolation hyperv', /HostConfig.Isolation=hyperv is not implemented/],
  ['--runtime nosuch', /unknown or invalid runtime name: nosuch/],
  ['-m 1m', /Minimum memory limit allowed is 6MB/],
  ['-m 64m --memory-swap 32m', /Minimum memoryswap limit should be larger than memory limit/],
  ['--cpus 999', /range of CPUs is from 0.01 to/],
  ['--cpuset-mems 0,999', /Requested memory nodes are not available - requested 0,999, available: \d/],
  ['--cpuset-cpus 999', /Requested CPUs are not available - requested 999/],
  ['--cpu-period 10', /CPU cfs period can not be less than 1ms/],
  ['--cap-add NOSUCH', /invalid capability: "(CAP_)?NOSUCH"/],
  ['--device /dev/nosuch', /error gathering device information while adding custom device "\/dev\/nosuch"/],
  ['--blkio-weight 5', /Range of blkio weight is from 10 to 1000/],
  ['--ipc wrong', /invalid IPC mode: wrong/],
  ['--security-opt nosuch=1', /invalid --security-opt 2: "nosuch=1"/],
  ['--volume-driver nosuch -v wanted:/wanted', /create wanted: error looking up volume plugin nosuch: plugin "nosuch" not found/],
]

test('what can’t be is refused by name, with exit code 125', async () => {
  for (const [flags, message] of refusals) {
    const { code, err } = await instance.docker('run', '--rm', ...flags.split(' '), 'box', 'true')
    assert.match(err, message, flags)
    // The CLI takes these words for a missing program, with Docker too.
    assert.equal(code, /no such file or directory/.test(err) ? 127 : 125, flags)
  }
})

/** Posts JSON to the API; resolves with the status and the answer. */
function post(path: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: instance.socket, path, method: 'POST', headers: { 'content-type': 'application/json' } }, (answer) =>
      text(answer).then((said) => resolve(`${answer.statusCode} ${said}`), reject),
    )
    call.on('error', reject)
    call.end(body)
  })
}

test('a platform that the image is not for counts as an image that is not there', async () => {
  const other = process.arch === 'x64' ? 'arm64' : 'amd64'
  const own = process.arch === 'x64' ? 'amd64' : 'arm64'
  const usual = own === 'arm64' ? 'linux/arm64/v8' : 'linux/amd64/v1'
  for (const platform of [`linux/${own}`, usual])
    assert.equal(await instance.ok('run', '--rm', '--platform', platform, 'box', 'echo', 'ran'), 'ran')
  assert.match(
    await post(`/containers/create?platform=linux/${other}`, '{"Image":"box"}'),
    /^404 .*but its platform \(linux\/.*\) does not match the specified platform/,
  )
})

test('an image for another platform is told of, unless it was asked for', async () => {
  const [foreign, kin] = process.arch === 'x64' ? ['linux/arm64', 'linux/386'] : ['linux/amd64', 'linux/arm/v7']
  await instance.ok('import', '--platform', foreign, `${instance.home}/rootfs.tar`, 'foreign')
  await instance.ok('import', '--platform', kin, `${instance.home}/rootfs.tar`, 'kin')
  const said = /^WARNING: The requested image's platform \((\S+)\) does not match the detected host platform \((\S+)\) and no specific/m
  const { code, err } = await instance.docker('create', 'foreign', 'true')
  assert.equal(code, 0, err)
  assert.deepEqual(said.exec(err)?.slice(1), [foreign, process.arch === 'x64' ? 'linux/amd64' : 'linux/arm64/v8'])
  for (const quiet of [['--platform', foreign, 'foreign'], ['kin'], ['box']])
    assert.equal((await instance.docker('create', ...quiet, 'true')).err, '')
})

test('a body of the wrong types is 400 with the field’s name', async () => {
  assert.match(await post('/containers/create', '{"Image":"box","HostConfig":{"Memory":"64m"}}'), /^400 .*HostConfig.Memory of type int64/)
  assert.match(await post('/containers/create', '{"Image":"box","Env":{"a":"b"}}'), /^400 .*field Env of type slice/)
  assert.match(await post('/containers/create', '{"Image":7}'), /^400 .*field Image of type string/)
  assert.match(
    await post('/containers/create', '{"Image":"box","HostConfig":{"Mounts":[{"Type":"tmpfs","Target":["/x"]}]}}'),
    /^400 .*Target/,
  )
  assert.match(await post('/containers/create', '[]'), /^400 /)
})
