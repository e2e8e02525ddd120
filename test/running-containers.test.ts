import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Instance } from './instance.ts'

/** What the docker CLI does to containers that run: exec, pause, update, top, stats, and all of it under the second runtime. */
const instance = new Instance()
const v1 = existsSync('/sys/fs/cgroup/memory')
const control = '/sys/fs/cgroup'
const memoryLimit = v1 ? `${control}/memory/memory.limit_in_bytes` : `${control}/memory.max`

before(async () => {
  await instance.start()
  await instance.importBox()
  await instance.ok('run', '-d', '--name', 'here', '-e', 'A=first', '-m', '64m', 'box', 'sleep', '1000')
})

after(() => instance.stop())

const execs: readonly (readonly [flags: string, command: readonly string[], code: number, told: RegExp])[] = [
  ['', ['sh', '-c', 'exit 5'], 5, /^$/],
  ['-u 12:34', ['id'], 0, /uid=12 gid=34/],
  ['-u operator', ['id'], 0, /groups=37\(operator\),99\(extra\)/],
  ['-w /tmp', ['pwd'], 0, /^\/tmp$/m],
  ['-e A=second -e B=third', ['sh', '-c', 'echo $A $B'], 0, /^second third$/m],
  ['--privileged', ['grep', 'CapEff', '/proc/self/status'], 0, /0000[01]f+[0-9a-f]+$/m],
  ['', ['grep', 'CapEff', '/proc/self/status'], 0, /00000000a80425fb$/m],
  ['', ['nosuch'], 127, /exec: "nosuch": executable file not found in \$PATH/],
  ['', ['/nosuch'], 127, /exec: "\/nosuch": stat \/nosuch: no such file or directory/],
  ['', ['/etc'], 126, /exec: "\/etc": is a directory/],
  ['', ['/etc/passwd'], 126, /exec: "\/etc\/passwd": permission denied/],
  ['-w /nosuch', ['true'], 127, /no such file or directory/],
  ['-u nosuch', ['true'], 1, /unable to find user nosuch: no matching entries in passwd file/],
]

test('exec has every option, and tells what went wrong by text and exit code as Docker does', async () => {
  for (const [flags, command, code, told] of execs) {
    const words = flags === '' ? [] : flags.split(' ')
    const { code: got, out, err } = await instance.docker('exec', ...words, 'here', ...command)
    assert.equal(got, code, `exec ${flags} ${command.join(' ')}: ${out}${err}`)
    assert.match(out + err, told)
  }
})

test('what can’t be started is told once, and the container’s log is left alone', async () => {
  const { out, err } = await instance.docker('exec', 'here', 'nosuch')
  assert.equal((out + err).match(/nosuch/g)?.length, 1, out + err)
  const failed = await instance.docker('run', '--name', 'failed', 'box', 'nosuch')
  assert.match(failed.err, /^docker: Error response from daemon: /)
  assert.equal(await instance.ok('logs', 'failed'), '')
})

test('exec joins the container’s control group and limits', async () => {
  assert.equal(await instance.ok('exec', 'here', 'cat', memoryLimit), '67108864')
  const group = v1 ? /:memory:(.*)/ : /^0::(.*)/m
  const [own, first] = [
    await instance.ok('exec', 'here', 'cat', '/proc/self/cgroup'),
    await instance.ok('exec', 'here', 'cat', '/proc/1/cgroup'),
  ]
  assert.equal(group.exec(own)?.[1], group.exec(first)?.[1])
})

test('stats tell CPU, memory, network and processes, once and again and again', async () => {
  await instance.ok('run', '-d', '--name', 'busy', '-m', '64m', 'box', 'sh', '-c', 'while true; do :; done')
  const format = '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.NetIO}} {{.PIDs}}'
  const [, cpu, usage] =
    /^busy ([\d.]+)% (.*) \/ 64MiB .* 1$/.exec(await instance.ok('stats', '--no-stream', '--format', format, 'busy')) ?? []
  assert.ok(Number(cpu) > 5, String(cpu))
  assert.match(usage ?? '', /[KM]iB$/)
  await instance.ok('rm', '-f', 'busy')
  const stopped = await instance.ok('create', '--name', 'stopped', 'box', 'true')
  assert.match(await instance.ok('stats', '--no-stream', '--all', '--format', '{{.Container}} {{.CPUPerc}}', 'stopped'), /^stopped 0\.00%$/)
  assert.ok(stopped)
  const { out } = await instance.docker('stats', '--no-stream', '--format', '{{.Name}}')
  assert.equal(out, 'here\n')
  assert.match((await instance.docker('stats', '--no-stream', 'nosuch')).err, /No such container/)
})

test('pause stops every process, unpause lets them go on; a paused container can be stopped and removed', async () => {
  await instance.ok('run', '-d', '--name', 'sleeper', 'box', 'sh', '-c', 'while true; do echo tick; sleep 0.05; done')
  await instance.ok('pause', 'sleeper')
  assert.equal(await instance.ok('inspect', '-f', '{{.State.Status}} {{.State.Paused}} {{.State.Running}}', 'sleeper'), 'paused true true')
  assert.match((await instance.docker('exec', 'sleeper', 'true')).err, /is paused, unpause the container before exec/)
  const [before, again] = [await instance.ok('logs', 'sleeper'), await instance.ok('logs', 'sleeper')]
  assert.equal(before, again)
  await instance.ok('unpause', 'sleeper')
  await instance.until(
    () => instance.ok('logs', 'sleeper'),
    (now) => now.length > before.length,
  )
  assert.match((await instance.docker('unpause', 'sleeper')).err, /is not paused/)
  await instance.ok('pause', 'sleeper')
  await instance.ok('stop', '-t', '1', 'sleeper')
  await instance.ok('start', 'sleeper')
  await instance.ok('pause', 'sleeper')
  await instance.ok('rm', '-f', 'sleeper')
})

test('update changes a running container and its next start', async () => {
  await instance.ok('run', '-d', '--name', 'grows', '-m', '64m', '--cpu-shares', '100', 'box', 'sleep', '1000')
  const files = v1 ? ['cpu/cpu.shares', 'pids/pids.max'] : ['cpu.weight', 'pids.max']
  const read = (): Promise<string> => instance.ok('exec', 'grows', 'cat', memoryLimit, ...files.map((file) => `${control}/${file}`))
  const weight = v1 ? '200' : '8'
  await instance.ok(
    'update',
    '-m',
    '256m',
    '--memory-swap',
    '256m',
    '--cpu-shares',
    '200',
    '--pids-limit',
    '50',
    '--restart',
    'on-failure:3',
    'grows',
  )
  assert.equal(await read(), `268435456\n${weight}\n50`)
  assert.equal(
    await instance.ok('inspect', '-f', '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Memory}}', 'grows'),
    'on-failure 268435456',
  )
  const swapLimit = v1 ? `${control}/memory/memory.memsw.limit_in_bytes` : `${control}/memory.swap.max`
  await instance.ok('update', '--memory-swap', '300m', 'grows')
  assert.equal(await instance.ok('exec', 'grows', 'cat', swapLimit), String((v1 ? 300 : 44) << 20))
  await instance.ok('update', '-m', '32m', '--memory-swap', '64m', 'grows')
  await instance.ok('restart', '-t', '0', 'grows')
  assert.equal(await read(), `33554432\n${weight}\n50`)
  assert.match((await instance.docker('update', '-m', '1m', 'grows')).err, /Minimum memory limit allowed is 6MB/)
  await instance.ok('rm', '-f', 'grows')
})

test('top lists the container’s processes with any columns', async () => {
  await instance.ok('run', '-d', '--name', 'listed', 'box', 'sleep', '1234')
  assert.match(await instance.ok('top', 'listed'), /^UID +PID .*\n.*sleep 1234$/)
  assert.match(await instance.ok('top', 'listed', '-o', 'pid,comm'), /^PID +COMMAND\n\d+ +sleep$/)
  assert.match((await instance.docker('top', 'listed', '-o', 'comm')).err, /Couldn't find PID field in ps output/)
  await instance.ok('rm', '-f', 'listed')
  assert.match((await instance.docker('top', 'listed')).err, /No such container/)
})

test('info says who the engine is, and what its runtime and its init say of themselves', async () => {
  const told = await instance.ok('info', '-f', '{{.ID}} {{.RuncCommit.ID}} {{.ContainerdCommit.ID}}')
  assert.match(told, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} [0-9a-f]{40}$/)
  assert.equal(told, await instance.ok('info', '-f', '{{.ID}} {{.RuncCommit.ID}} {{.ContainerdCommit.ID}}'))
})

const runc = existsSync('/usr/sbin/runc') ? false : 'runc is not installed'

test(
  'the second runtime runs, enters, limits and stops a container, and sees who was killed for want of memory',
  { skip: runc },
  async () => {
    assert.match(await instance.ok('info', '-f', '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}'), /crun runc/)
    const run = ['run', '--runtime', 'runc']
    assert.equal(await instance.ok(...run, '--rm', '-m', '32m', 'box', 'cat', memoryLimit), '33554432')
    await instance.ok(...run, '-d', '--name', 'second', 'box', 'sh', '-c', 'trap "exit 9" TERM; while true; do sleep 0.1; done')
    assert.equal((await instance.docker('exec', 'second', 'sh', '-c', 'echo in; exit 3')).code, 3)
    assert.equal((await instance.docker('exec', 'second', 'nosuch')).code, 127)
    await instance.ok('pause', 'second')
    await instance.ok('unpause', 'second')
    await instance.ok('stop', 'second')
    assert.equal(await instance.ok('inspect', '-f', '{{.State.ExitCode}}', 'second'), '9')
    assert.equal((await instance.docker(...run, '--rm', 'box', 'nosuch')).code, 127)
    await instance.docker(...run, '--name', 'hungry', '-m', '24m', 'box', 'sh', '-c', 'x=$(head -c 1000000000 /dev/zero | tr "\\0" x)')
    assert.equal(await instance.ok('inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}}', 'hungry'), 'true 137')
    const terminal = await instance.command('script', [
      '-qec',
      'stty rows 33 cols 77; docker run --runtime runc --rm -t box sh -c "tty; stty size; exit 4"',
      '/dev/null',
    ])
    assert.match(terminal.out, /^\/dev\/pts\/0\r+\n33 77\r+\n$/)
    assert.equal(terminal.code, 4)
  },
)
