import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { Instance, type Outcome } from './instance.ts'
import { usePlugins } from './plugins.ts'
import { Projects } from './projects.ts'

/** Devices that files of the machine declare (Container Device Interface): for containers, projects and steps of builds. */
const specifications = `${tmpdir()}/galley-devices-${process.pid}`
const instance = new Instance(['--cdi-spec-dir', specifications])
const contexts = new BuildContexts(instance)
const projects = new Projects(instance)
const available = await usePlugins(instance, 'docker-buildx')
const skip = available ? false : 'no suite that has buildx can be reached'
const hooked = `${instance.home}/hooked`

before(async () => {
  mkdirSync(specifications)
  mkdirSync(`${instance.home}/library`)
  writeFileSync(`${instance.home}/library/file`, 'of the driver\n')
  writeFileSync(
    `${specifications}/vendor.yaml`,
    `cdiVersion: "0.6.0"
kind: vendor.com/device
containerEdits:
  env: [COMMON=yes]
  mounts: [{hostPath: ${instance.home}/library, containerPath: /opt/driver, options: [ro, nosuid]}]
  hooks: [{hookName: createRuntime, path: /bin/sh, args: [sh, -c, 'echo hooked >>${hooked}']}]
devices:
- name: foo
  annotations: {org.mobyproject.buildkit.device.autoallow: true}
  containerEdits:
    env: [FOO=injected]
    deviceNodes: [{path: /dev/foo, hostPath: /dev/full, permissions: rw}]
- name: bar
  annotations: {org.mobyproject.buildkit.device.class: group}
  containerEdits: {env: [BAR=injected], additionalGids: [4711]}
- name: hard
  containerEdits: {intelRdt: {closID: x}}
`,
  )
  await instance.start()
  await instance.importBox()
})

after(async () => {
  await instance.stop()
  rmSync(specifications, { recursive: true })
})

test('a container has what its declared device adds: variables, nodes, mounts, groups and hooks', async () => {
  const seen = 'echo $FOO $BAR $COMMON; cat /opt/driver/file; echo x 2>&1 >/dev/foo; touch /opt/driver/x 2>&1; id -G; ls -l /dev/foo'
  const { out, code } = await instance.docker(
    'run',
    '--rm',
    '--device',
    'vendor.com/device=foo',
    '--device',
    'vendor.com/device=bar',
    'box',
    'sh',
    '-c',
    seen,
  )
  assert.equal(code, 0)
  assert.match(out, /^injected injected yes\nof the driver\n.*No space left on device\n.*Read-only file system\n0.* 4711\ncrw/)
  assert.equal(readFileSync(hooked, 'utf8'), 'hooked\n')
  assert.equal((await instance.ok('run', '--rm', 'box', 'sh', '-c', 'echo $FOO; ls /dev/foo 2>&1; true')).includes('injected'), false)
  assert.match(await instance.ok('info', '-f', '{{json .CDISpecDirs}}'), /galley-devices/)
})

test('a device that no file declares, and what of one Galley does not do, is refused by name', async () => {
  const refused = async (...options: string[]): Promise<string> => (await instance.docker('run', '--rm', ...options, 'box', 'true')).err
  assert.match(await refused('--device', 'vendor.com/device=none'), /unresolvable CDI devices vendor\.com\/device=none/)
  assert.match(await refused('--device', 'vendor.com/device=hard'), /intelRdt of the device vendor\.com\/device=hard is not implemented/)
  assert.match(await refused('--gpus', 'all'), /could not select device driver "" with capabilities: \[\[gpu\]\]/)
})

test('a project’s service has a declared device', async () => {
  const directory = projects.directory('declared', {
    'compose.yaml': 'services:\n  one:\n    image: box\n    command: sleep 100\n    devices: ["vendor.com/device=foo"]\n',
  })
  const { code, err } = await projects.run(directory, 'up', '-d')
  assert.equal(code, 0, err)
  assert.match((await projects.run(directory, 'exec', 'one', 'sh', '-c', 'ls /dev/foo /opt/driver')).out, /\/dev\/foo[\s\S]*file/)
  await projects.run(directory, 'down')
})

const buildx = (run: string, ...options: string[]): Promise<Outcome> =>
  instance.docker(
    'buildx',
    'build',
    '--progress=plain',
    '--no-cache',
    ...options,
    contexts.directory({ Dockerfile: `FROM box\n${run}\nRUN echo without $FOO$BAR end; ls /dev/foo 2>&1; true\n` }),
  )

test('a step has the devices that it names, and no other has', { skip }, async () => {
  const { code, err } = await buildx('RUN --device=vendor.com/device=foo,required echo with $FOO; ls /dev/foo')
  assert.equal(code, 0, err)
  assert.match(err, /\d with injected\n#\d+ \S+ \/dev\/foo\n/)
  assert.match(err, /\d without end\n#\d+ \S+ ls: \/dev\/foo/)
  assert.match((await buildx('RUN --device=vendor.com/device echo with $FOO')).err, /\d with injected$/m)
})

test('devices of a class and optional ones; what is not allowed or not there is told', { skip }, async () => {
  assert.match((await buildx('RUN --device=group true')).err, /device vendor\.com\/device=bar is not allowed/)
  assert.match((await buildx('RUN --device=group echo with $BAR', '--allow', 'device')).err, /\d with injected$/m)
  assert.match((await buildx('RUN --device=name=missing,required=true true')).err, /required device "missing" is not registered/)
  assert.equal((await buildx('RUN --device=missing true')).code, 0)
  const { err } = await instance.galley(
    'build',
    '--progress=plain',
    '--no-cache',
    '--allow',
    'device=vendor.com/device=bar,alias=it',
    contexts.directory({ Dockerfile: 'FROM box\nRUN --device=it echo with $BAR\n' }),
  )
  assert.match(err, /\d with injected$/m)
})

test('what a device adds is in no layer', { skip }, async () => {
  const { code, err } = await buildx('RUN --device=vendor.com/device=foo touch /made', '-t', 'made')
  assert.equal(code, 0, err)
  assert.equal(await contexts.shown('made', 'ls /opt 2>/dev/null; env | grep -c injected; ls /made'), '0\n/made')
  assert.ok(existsSync(hooked))
})
