import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { Projects } from './projects.ts'

/** Advice of `galley lint` and `galley why`: by what runs, asked for, and otherwise only counted. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const file = `services:
  # answers
  web:
    image: box
    command: ["httpd", "-f", "-p", "8080"]
    ports: ["8080"]
  other: {image: "box", command: sleep 1000, user: "37", deploy: {resources: {limits: {memory: 64M, cpus: "1"}}}}
`

test('advice is counted until somebody asks for it, and is no reason to fail', async () => {
  const home = directory('advised', { 'compose.yaml': file })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const quiet = await run(home, 'why')
  assert.equal(quiet.code, 0, quiet.err)
  assert.match(quiet.err, /^Advice besides: 4\. The same command with --advice tells it\.$/m)
  assert.doesNotMatch(quiet.err, /^· /m)
  assert.doesNotMatch((await run(home, 'why', 'other')).err, /Advice/)

  const asked = await run(home, 'why', '--advice')
  assert.equal(asked.code, 0)
  assert.match(asked.err, /^· web: the program runs as root \[runs-as-root\]\n[^·]*compose\.yaml:3: process 1 of web runs as uid 0$/m)
  assert.match(asked.err, /^ +- web uses \d+ MiB now.* and 0\.\d\d processors on average since it started \d+ (s|min) ago$/m)
  assert.doesNotMatch(asked.err, /^· other/m)
  const rules = JSON.parse((await run(home, 'lint', '--advice', '-o', 'json')).out) as {
    ok: boolean
    findings: { severity: string; rule: string }[]
  }
  assert.deepEqual(
    rules.findings.filter(({ severity }) => severity === 'advice').map(({ rule }) => rule),
    ['without-restart-policy', 'without-health-check', 'without-limits', 'runs-as-root'],
  )
  assert.equal(rules.ok, true)
  const plain = JSON.parse((await run(home, 'lint', '-o', 'json')).out) as typeof rules
  assert.ok(plain.findings.every(({ severity }) => severity !== 'advice'))
})

test('a service without a container is not taken for another one, whose name or id begins like it', async () => {
  const id = await instance.ok('run', '-d', '--name', 'lonely', 'box', 'sleep', '1000')
  const services = `services:\n  "${id.slice(0, 12)}": {image: box}\n  lonely: {image: box}\n`
  const home = directory('mistaken', { 'compose.yaml': services })
  const { err } = await run(home, 'lint', '--advice')
  assert.match(err, /\[without-limits\]/)
  assert.doesNotMatch(err, /MiB now|process 1/)
  assert.match((await run(home, 'why')).err, /Container mistaken-lonely-1 .*has no container/)
  await instance.ok('rm', '-f', 'lonely')
})

test('a change of several lines is shown as a diff that patch(1) applies, and made by --fix where it needs nothing besides', async () => {
  const home = directory('patched', { 'compose.yaml': file })
  const shown = (await run(home, 'lint', '--advice')).err
  const health = shown.slice(shown.indexOf('[without-health-check]'))
  const diff = [...health.matchAll(/^ {4}(--- |\+\+\+ |@@ |[-+ ])(.*)$/gm)].map(([, sign = '', rest = '']) => sign + rest)
  const end = diff.findIndex((line, at) => at > 3 && line.startsWith('--- '))
  const patch = diff
    .slice(
      diff.findIndex((line) => line.startsWith('---')),
      end < 0 ? undefined : end,
    )
    .filter((line) => !line.startsWith('  -'))
  assert.ok(patch.includes('+    healthcheck:'), patch.join('\n'))
  writeFileSync(`${home}/it.patch`, `${patch.join('\n')}\n`)
  const patched = await instance.command('patch', ['-p0', '-i', 'it.patch'], { cwd: home })
  assert.equal(patched.code, 0, `${patched.out}${patched.err}\n${patch.join('\n')}`)
  assert.match((await run(home, 'config')).out, /test:\n +- CMD\n +- wget\n[^]*http:\/\/127\.0\.0\.1:8080\//)

  writeFileSync(`${home}/compose.yaml`, file)
  assert.match((await run(home, 'lint', '--fix', '--advice')).err, /^Changed: \[without-restart-policy\]$/m)
  assert.equal(
    readFileSync(`${home}/compose.yaml`, 'utf8'),
    file.replace('ports: ["8080"]\n', 'ports: ["8080"]\n    restart: unless-stopped\n'),
  )
})
