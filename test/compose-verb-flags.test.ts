import assert from 'node:assert/strict'
import { chownSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { freePorts } from './free-ports.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { newerPlugin } from './newer-clients.ts'
import { Projects } from './projects.ts'
import { RegistryServer } from './registry-server.ts'

/** Flags of docker compose's verbs, beside docker compose itself where it is there. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const sleeper = 'command: sleep 1000, init: true, stop_grace_period: 0s'
const project = `services:
  web: {image: box, ${sleeper}, ports: ["80"]}
  db: {image: box, ${sleeper}}
`
/** The same without one of its services. */
const narrower = `services:
  web: {image: box, ${sleeper}, ports: ["80"]}
`

test('up --timeout says how long a stop may take, and --parallel how much goes on at once', async () => {
  const stubborn = (word: string): string => `services:
  app: {image: box, command: ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], environment: {WORD: ${word}}, stop_grace_period: 300s}
`
  const home = directory('stubborn', { 'compose.yaml': stubborn('one') })
  assert.equal((await run(home, 'compose', '--parallel', '1', 'up', '-d', '--pull', 'policy')).code, 0)
  assert.match((await run(home, 'up', '--pull', 'often')).err, /--pull takes always, missing or never, not "often"/)
  for (const [word, ...args] of [
    ['two', 'compose', '--parallel=-1', 'up', '-d', '-t', '0'],
    ['three', 'compose', 'up', '-d', '--timeout=0'],
    ['four', 'up', '-d', '--stop-timeout', '0'],
  ] as const) {
    writeFileSync(`${home}/compose.yaml`, stubborn(word))
    const { code, err } = await run(home, ...args)
    assert.equal(code, 0, err)
    assert.match(await instance.ok('inspect', '-f', '{{.Config.Env}}', 'stubborn-app-1'), new RegExp(`WORD=${word}`))
  }
  assert.match((await run(home, 'compose', 'up', '-d', '-t', 'soon')).err, /--stop-timeout takes a number of seconds, not "soon"/)
  assert.match((await run(home, 'compose', '--parallel', 'all', 'up')).err, /COMPOSE_PARALLEL_LIMIT must be an integer \(found: "all"\)/)
  assert.equal((await run(home, 'down', '-t', '0')).code, 0)
})

test('run publishes ports, reads variables from files, pulls as it is told to and removes orphans', async () => {
  const home = directory('once', { 'compose.yaml': project, 'a.env': 'A=from-file\nB=${A}\nC=file\n', 'b.env': 'A=second\nD=d\n' })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const [port = 0] = [await freePorts()]
  assert.equal(
    (
      await run(
        home,
        'compose',
        'run',
        '-d',
        '-p',
        `127.0.0.1:${port}:8080`,
        '--name',
        'once-serving',
        'web',
        'httpd',
        '-f',
        '-p',
        '8080',
        '-h',
        '/etc',
      )
    ).code,
    0,
  )
  assert.match(await instance.fetched(`http://127.0.0.1:${port}/passwd`), /root/)
  assert.doesNotMatch(await instance.ok('inspect', '-f', '{{json .HostConfig.PortBindings}}', 'once-serving'), /"80\/tcp/)
  await instance.ok('rm', '-f', 'once-serving')
  assert.match((await run(home, 'compose', 'run', '-P', '-p', '1:1', 'web', 'true')).err, /--service-ports and --publish are incompatible/)
  assert.match((await run(home, 'compose', 'run', '-p', 'x:y', 'web', 'true')).err, /invalid port "x:y"/)
  const printed = await run(
    home,
    'compose',
    'run',
    '--rm',
    '-T',
    '--env-from-file',
    'a.env',
    '--env-from-file',
    'b.env',
    '-e',
    'C=given',
    'web',
    'env',
  )
  assert.equal(printed.code, 0, printed.err)
  const lines = new Set(printed.out.split('\n'))
  for (const line of ['A=from-file', 'B=from-file', 'C=given', 'D=d']) assert.ok(lines.has(line), `${line} in ${printed.out}`)
  assert.match((await run(home, 'compose', 'run', '--env-from-file', 'none.env', 'web', 'true')).err, /none\.env can't be read/)
  assert.match((await run(home, 'compose', 'run', '--pull', 'always', '--rm', 'web', 'true')).err, /Image box {2}(?:Pulling|Error)/)
  assert.equal((await run(home, 'compose', 'run', '--pull', 'never', '--rm', '-i', 'web', 'true')).code, 0)
  assert.match(
    (await run(home, 'compose', 'run', '--pull', 'often', 'web', 'true')).err,
    /--pull takes always, missing or never, not "often"/,
  )
  writeFileSync(`${home}/compose.yaml`, narrower)
  assert.equal((await run(home, 'compose', 'run', '--rm', 'web', 'true')).code, 0)
  assert.match(await instance.ok('ps', '--format', '{{.Names}}'), /once-db-1/)
  assert.equal((await run(home, 'compose', 'run', '--remove-orphans', '--rm', 'web', 'true')).code, 0)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}'), 'once-web-1')
  assert.equal((await run(home, 'down')).code, 0)
})

test('--interactive=false leaves a command of run and exec without input', async () => {
  const home = directory('mute', { 'compose.yaml': narrower })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const heard = async (...args: string[]): Promise<string> =>
    (await instance.command('sh', ['-c', `echo heard | ${process.cwd()}/galley ${args.join(' ')}`], { cwd: home })).out
  assert.equal(await heard('compose', 'exec', '-T', 'web', 'cat'), 'heard\n')
  assert.equal(await heard('compose', 'exec', '-T', '--interactive=false', 'web', 'cat'), '')
  assert.equal(await heard('compose', 'run', '--rm', '-T', '-i', 'web', 'cat'), 'heard\n')
  assert.equal(await heard('compose', 'run', '--rm', '-T', '-i=false', 'web', 'cat'), '')
  assert.equal((await run(home, 'down')).code, 0)
})

test('kill, ps and ls tell what a file declares from what it does not', async () => {
  const home = directory('orphaned', { 'compose.yaml': project })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  writeFileSync(`${home}/compose.yaml`, narrower)
  assert.equal((await run(home, 'compose', 'ps', '--services')).out, 'db\nweb\n')
  assert.equal((await run(home, 'compose', 'ps', '--services', '--orphans=false')).out, 'web\n')
  assert.equal((await run(home, 'compose', 'ps', '--services', '--orphans')).out, 'db\nweb\n')
  assert.equal((await run(home, 'compose', 'kill')).code, 0)
  assert.equal((await run(home, 'ps', '--services')).out, 'db\n')
  assert.equal((await run(home, 'compose', 'kill', '--remove-orphans')).code, 0)
  assert.equal((await run(home, 'ps', '--services')).out, '')
  const listed = async (...args: string[]): Promise<string> => (await run(home, 'compose', 'ls', '-a', '-q', ...args)).out
  assert.equal(await listed('--filter', 'name=^orph'), 'orphaned\n')
  assert.equal(await listed('--filter', 'name=nobody', '--filter', 'name=phan'), 'orphaned\n')
  assert.equal(await listed('--filter', 'name=nobody'), '')
  assert.match((await run(home, 'compose', 'ls', '--filter', 'status=up')).err, /invalid filter 'status'/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('cp copies into all containers, with owners, along links, and archives', async () => {
  const home = directory('copied', { 'compose.yaml': `services:\n  web: {image: box, ${sleeper}, scale: 2}\n`, file: 'word\n' })
  chownSync(`${home}/file`, 1234, 4321)
  symlinkSync('file', `${home}/link`)
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const inside = (number: number, ...args: string[]): Promise<string> => instance.ok('exec', `copied-web-${number}`, ...args)
  assert.equal((await run(home, 'compose', 'cp', 'file', 'web:/all')).code, 0)
  assert.deepEqual([await inside(1, 'cat', '/all'), await inside(2, 'cat', '/all')], ['word', 'word'])
  assert.equal((await run(home, 'compose', 'cp', '--index', '2', 'file', 'web:/second')).code, 0)
  assert.equal((await instance.docker('exec', 'copied-web-1', 'cat', '/second')).code, 1)
  assert.equal((await run(home, 'cp', 'file', 'web:/one')).code, 0)
  assert.equal((await instance.docker('exec', 'copied-web-2', 'cat', '/one')).code, 1)
  assert.equal((await run(home, 'compose', 'cp', 'file', 'web:/owned')).code, 0)
  assert.equal(await inside(1, 'stat', '-c', '%u:%g', '/owned'), '1234:4321')
  assert.equal((await run(home, 'compose', 'cp', 'link', 'web:/as-link')).code, 0)
  assert.equal((await run(home, 'compose', 'cp', '-L', 'link', 'web:/followed')).code, 0)
  assert.equal(await inside(2, 'readlink', '/as-link'), 'file')
  assert.equal(await inside(2, 'cat', '/followed'), 'word')
  await inside(1, 'ln', '-s', '/owned', '/to-owned')
  mkdirSync(`${home}/out`)
  assert.equal((await run(home, 'compose', 'cp', 'web:/to-owned', 'out')).code, 0)
  assert.equal(readlinkSync(`${home}/out/to-owned`), '/owned')
  assert.equal((await run(home, 'compose', 'cp', '-L', 'web:/to-owned', 'out/followed')).code, 0)
  assert.equal(readFileSync(`${home}/out/followed`, 'utf8'), 'word\n')
  mkdirSync(`${home}/more`)
  assert.equal((await run(home, 'compose', 'cp', '-L', 'web:/to-owned', 'more')).code, 0)
  assert.equal(readFileSync(`${home}/more/to-owned`, 'utf8'), 'word\n')
  const piped = await instance.command(
    'sh',
    [
      '-c',
      `tar -cf - file | ${process.cwd()}/galley compose cp --index 1 - web:/tmp && ${process.cwd()}/galley compose cp web:/tmp/file - | tar -tf -`,
    ],
    { cwd: home },
  )
  assert.equal(piped.out, 'file\n', piped.err)
  assert.equal((await run(home, 'compose', 'run', '-d', '--name', 'copied-once', 'web', 'sleep', '1000')).code, 0)
  assert.equal((await run(home, 'compose', 'cp', '--all', 'file', 'web:/everywhere')).code, 0)
  assert.equal(await instance.ok('exec', 'copied-once', 'cat', '/everywhere'), 'word')
  await instance.ok('rm', '-f', 'copied-once')
  assert.equal((await run(home, 'down')).code, 0)
})

test('build, push and pull do what their flags say with a registry', async () => {
  const port = await freePorts()
  const name = `127.0.0.1:${port}/flags`
  const home = directory('built', {
    Dockerfile: 'FROM box\nRUN echo built > /made\n',
    'compose.yaml': `services:
  app: {image: "${name}/app:1", build: {context: ., tags: ["${name}/app:more"]}, depends_on: [base]}
  base: {image: "${name}/base:1", build: .}
  unnamed: {build: .}
`,
  })
  {
    await using registry = new RegistryServer(port)
    await registry.start()
    assert.match((await run(home, 'compose', 'build', '--push', 'app')).err, new RegExp(`Image ${name}/app:more {2}Pushed`))
    assert.equal((await instance.docker('image', 'inspect', `${name}/base:1`)).code, 1)
    assert.equal((await run(home, 'compose', 'build', '--with-dependencies', 'app')).code, 0)
    assert.equal((await instance.docker('image', 'inspect', `${name}/base:1`)).code, 0)
    assert.match((await run(home, 'compose', 'push', '--include-deps', 'app')).err, new RegExp(`Image ${name}/base:1 {2}Pushed`))
    assert.match((await run(home, 'compose', 'push', 'unnamed')).err, /Image built-unnamed {2}Skipped/)
    // What is pulled is what was pushed: first nothing is here.
    await instance.ok('rmi', '-f', `${name}/app:1`, `${name}/app:more`, `${name}/base:1`)
    assert.match(
      (await run(home, 'compose', 'pull', '--ignore-buildable')).err,
      new RegExp(`Image ${name}/app:1 {2}Skipped - Image can be built`),
    )
    assert.match((await run(home, 'compose', 'pull', 'app')).err, new RegExp(`Image ${name}/app:1 {2}Pulled`))
    assert.match((await run(home, 'compose', 'pull', '--policy', 'missing', 'app')).err, /Skipped - Image is already present locally/)
    assert.match((await run(home, 'compose', 'pull', '--policy', 'always', 'app')).err, new RegExp(`Image ${name}/app:1 {2}Pulled`))
  }
  const failed = await run(home, 'compose', 'pull', 'base')
  assert.equal(failed.code, 1)
  assert.match(failed.err, /must be built from source by running: galley build base/)
  assert.equal((await run(home, 'compose', 'pull', '--ignore-pull-failures', 'base')).code, 0)
  assert.notEqual((await run(home, 'compose', 'push', 'app')).code, 0)
  const told = await run(home, 'compose', 'push', '--ignore-push-failures', 'app')
  assert.equal(told.code, 0, told.err)
  assert.match(told.err, /Pushing app: /)
})

test('build checks Dockerfiles, gives agents and attestations, and refuses what other builders have', async () => {
  const home = directory('checked', {
    Dockerfile: 'FROM box as base\nRUN true\n',
    'compose.yaml': 'services:\n  app: {build: .}\n  inline: {build: {context: ., dockerfile_inline: "FROM box"}}\n',
  })
  const checked = await run(home, 'compose', 'build', '--check')
  assert.match(checked.out, /^app:\nCheck complete, 1 warning has been found!\n\nWARNING: FromAsCasing/)
  assert.match(checked.out, /inline:\nCheck complete, no warnings found\.\n$/)
  assert.equal(checked.code, 1)
  assert.equal((await instance.docker('image', 'inspect', 'checked-app')).code, 1)
  writeFileSync(`${home}/Dockerfile`, 'FROM box\nRUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"\n')
  assert.match((await run(home, 'compose', 'build', '--ssh', 'mine', 'app')).err, /invalid ssh key "mine"/)
  assert.match((await run(home, 'compose', 'build', '--ssh', 'default=none.sock', 'app')).err, /SSH agent .*none\.sock is not there/)
  const outdated = await run(home, 'compose', 'build', '--force-rm', '--parallel', '--compress=false', 'inline')
  assert.equal(outdated.code, 0, outdated.err)
  assert.match(outdated.err, /^warning: --parallel is deprecated by docker compose, and changes nothing\nwarning: --force-rm/)
  assert.match((await run(home, 'compose', '--version')).out, /^galley \d/)
  for (const flag of ['--builder=other', '--memory=1g'])
    assert.match((await run(home, 'compose', 'build', flag)).err, new RegExp(`${flag.split('=')[0]} is not implemented by Galley\nhint: `))
  assert.equal((await run(home, 'compose', 'build', '--provenance', 'mode=max', '--sbom=true', 'inline')).code, 0)
})

test('the same words do the same to files as with docker compose', async (t: TestContext) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('docker compose 2.40 can not be had')
  const home = directory('beside', {
    'compose.yaml': `services:\n  web: {image: box, ${sleeper}, user: "77:88"}\n`,
    file: 'word\n',
    'a.env': 'A=${B}\nC=c\n',
  })
  chownSync(`${home}/file`, 1234, 4321)
  symlinkSync('file', `${home}/link`)
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const theirs = (...args: string[]) => instance.command(program, args, { cwd: home })
  const ours = (...args: string[]) => run(home, 'compose', ...args)
  for (const [index, args] of [
    ['-a', 'file'],
    ['-L', 'link'],
    ['-aL', 'link'],
  ].entries()) {
    const seen = await Promise.all(
      [theirs, ours].map(async (tool, who) => {
        const { code, err } = await tool('cp', ...args, `web:/tmp/${index}-${who}`)
        assert.equal(code, 0, err)
        return await instance.ok('exec', '-u', '0', 'beside-web-1', 'stat', '-c', '%F %u:%g', `/tmp/${index}-${who}`)
      }),
    )
    assert.equal(seen[0], seen[1], args.join(' '))
  }
  for (const [who, tool] of [theirs, ours].entries()) assert.equal((await tool('cp', '-a', 'web:/tmp/0-0', `out-${who}`)).code, 0)
  assert.deepEqual(
    [0, 1].map((who) => existsSync(`${home}/out-${who}`) && statSync(`${home}/out-${who}`).uid),
    [statSync(`${home}/out-0`).uid, statSync(`${home}/out-0`).uid],
  )
  for (const args of [
    ['ls', '-q', '--filter', 'name=besi'],
    ['ls', '-q', '--filter', 'name=['],
    ['ps', '-q', '--no-trunc', '--orphans=false'],
    ['run', '--rm', '-T', '-q', '--env-from-file', 'a.env', '-e', 'B=b', '-e', 'NONE', 'web', 'sh', '-c', 'echo $A $C ${NONE-unset}'],
  ]) {
    const [one, other] = [await theirs(...args), await ours(...args)]
    assert.deepEqual([other.code, other.out], [one.code, one.out], `${args.join(' ')}\n${one.err}\n${other.err}`)
  }
  assert.equal((await run(home, 'down')).code, 0)
})

test('templates of --format print what docker compose prints', async (t: TestContext) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('docker compose 2.40 can not be had')
  const home = directory('templates', {
    'compose.yaml': `services:
  web: {image: box, ${sleeper}, ports: ["127.0.0.1::80", "90/udp"], volumes: ["kept:/kept"], labels: {a.b-c: "x,y"}}
  db: {image: box, ${sleeper}, depends_on: [web]}
volumes: {kept: {labels: {mine: "yes"}}}
`,
  })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const same = async (...args: string[]): Promise<void> => {
    const [theirs, ours] = [await instance.command(program, args, { cwd: home }), await run(home, 'compose', ...args)]
    assert.equal(theirs.code, 0, theirs.err)
    assert.deepEqual([ours.code, ours.out], [0, theirs.out], `${args.join(' ')}\n${ours.err}`)
  }
  for (const template of [
    '{{.Name}}: {{.Service}} {{.Image}} {{.Project}} {{.State}} {{.ExitCode}} {{.ID}} [{{.Health}}]',
    '{{.Command}}|{{.Names}}|{{.Mounts}}|{{.LocalVolumes}}|{{.Networks}}|{{.Ports}}',
    '{{.Label "com.docker.compose.service"}} {{.Label "a.b-c"}} {{.Label "none"}}',
    '{{json .Publishers}} {{json .Name}} {{.Publishers}}',
    '{{range .Publishers}}{{.URL}}>{{.TargetPort}}/{{.Protocol}} {{end}}',
    '{{if eq .State "running"}}{{upper .Name}}{{else}}-{{end}} {{printf "%-12s|" .Service}} {{len .Publishers}}',
    String.raw`table {{.Name}}\t{{.Service}}\t{{.State}}`,
    String.raw`table {{.Names}}\t{{.Label "a.b-c"}}\t{{upper .Service}}\t{{pad .State 1 2}}|`,
    String.raw`table {{.ID}} {{.Name}}`,
  ])
    await same('ps', '--format', template)
  await same('ps', '--no-trunc', '--format', '{{.ID}} {{.Command}}')
  await same('volumes', '--format', '{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{.Size}} {{.Links}} {{.Label "mine"}}')
  await same('volumes', '--format', String.raw`table {{.Name}}\t{{.Driver}}\t{{.Status}}`)
  await same('volumes', '--format', 'raw')
  await same('stats', '--no-stream', '--no-trunc', '--format', '{{.Name}} {{.ID}} {{.Container}}', 'web')
  await same('stats', '--no-stream', '--format', '{{.Name}} {{.ID}}', 'web')
  const sample = JSON.parse((await run(home, 'compose', 'stats', '--no-stream', '--format', 'json', 'web')).out) as {
    ID: string
    Container: string
  }
  assert.deepEqual([sample.ID, sample.ID.length], [sample.Container.slice(0, 12), 12])
  for (const [problem, ...args] of [
    [/service "web" is not running container #7/, 'logs', '--index', '7', 'web'],
    [/can't evaluate field Nmae/, 'ps', '--format', '{{.Nmae}}'],
    [/format value "\{\{\.Name\}\}" could not be parsed/, 'images', '--format', '{{.Name}}'],
    [/format value "x" could not be parsed/, 'ls', '--format', 'x'],
  ] as const) {
    const [theirs, ours] = [await instance.command(program, args, { cwd: home }), await run(home, 'compose', ...args)]
    assert.notEqual(theirs.code, 0)
    assert.match(theirs.err, problem)
    assert.match(ours.err, problem)
  }
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('--compatibility and its variable name things with underscores, as docker compose does', async (t: TestContext) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('docker compose 2.40 can not be had')
  const home = directory('older', {
    Dockerfile: 'FROM box\n',
    'compose.yaml': `services:\n  web: {image: box, ${sleeper}, scale: 2}\n  app: {build: ., ${sleeper}}\n`,
  })
  const up = await run(home, 'compose', '--compatibility', 'up', '-d')
  assert.equal(up.code, 0, up.err)
  const names = async (): Promise<string[]> => (await instance.ok('ps', '--format', '{{.Names}} {{.ID}}')).split('\n').toSorted()
  const ours = await names()
  assert.deepEqual(
    ours.map((line) => line.split(' ')[0]),
    ['older_app_1', 'older_web_1', 'older_web_2'],
  )
  const theirs = await instance.command(program, ['--compatibility', 'up', '-d'], { cwd: home })
  assert.equal(theirs.code, 0, theirs.err)
  assert.deepEqual(await names(), ours, 'docker compose leaves them alone')
  writeFileSync(`${home}/.env`, 'COMPOSE_COMPATIBILITY=true\n')
  assert.match((await run(home, 'up', '-d')).err, /^ Container older_web_1 {2}Running$/m)
  assert.deepEqual(await names(), ours)
  assert.equal((await run(home, 'config', '--images')).out.split('\n').toSorted().join(' '), ' box older_app')
  assert.match((await run(home, 'compose', 'run', '-d', 'web', 'true')).out, /^older_web_run_[0-9a-f]{12}\n$/)
  assert.equal((await run(home, 'down', '--rmi', 'local')).code, 0)
  assert.equal((await instance.docker('image', 'inspect', 'older_app')).code, 1)
})

test('build --print prints the file for bake that docker compose prints', async (t: TestContext) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('docker compose 2.40 can not be had')
  const home = directory('baked', {
    'sub/Df': '',
    'sub/f': '',
    'compose.yaml': `services:
  app:
    build:
      context: .
      dockerfile: sub/Df
      args: {A: "1", C: "$\${Z}"}
      labels: {l: m}
      tags: ["t:1"]
      target: final
      cache_from: ["type=local,src=c"]
      cache_to: ["type=inline"]
      network: host
      platforms: [linux/amd64]
      secrets: [s, {source: e, target: tt}]
      ssh: [k=./sock]
      pull: true
      no_cache: true
      shm_size: 64m
      ulimits: {nofile: {soft: 10, hard: 20}, nproc: 5}
      entitlements: [network.host]
      privileged: true
      extra_hosts: ["a:1.2.3.4", "b:5.6.7.8"]
      additional_contexts: {base: "service:b.ase", dir: ./sub, img: "docker-image://x"}
      provenance: mode=max
      sbom: true
  b.ase:
    image: r/base:2
    build: {context: ./sub, dockerfile_inline: "FROM box\\nRUN echo $\${X}\\n"}
  dep: {image: box}
  multi: {image: m, build: {context: "https://example.com/x.git", platforms: [linux/amd64, linux/arm64]}}
secrets: {s: {file: ./sub/f}, e: {environment: EV}}
`,
  })
  interface Bake {
    readonly group: { readonly default: { readonly targets: string[] } }
    readonly target: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
  // What is a map in docker compose comes in any order.
  const read = (text: string): Bake => {
    const file = JSON.parse(text) as Bake
    file.group.default.targets.sort()
    for (const target of Object.values(file.target)) (target['ulimits'] as string[] | undefined)?.sort()
    return file
  }
  for (const args of [
    [],
    ['--push', '--ssh', `default=${home}/sock`, '--build-arg', 'Q=1', 'b.ase'],
    ['--check', 'b.ase'],
    ['app'],
    ['--pull', '--no-cache', '--build-arg', 'A=${x}', 'multi', 'app'],
  ]) {
    const theirs = await instance.command(program, ['build', '--print', ...args], { cwd: home })
    const ours = await run(home, 'compose', 'build', '--print', ...args)
    assert.equal(ours.code, 0, ours.err)
    assert.deepEqual(read(ours.out), read(theirs.out), args.join(' '))
    assert.deepEqual(Object.keys(read(ours.out).target), Object.keys(read(theirs.out).target))
  }
})
