import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { widthOf } from '#cli/render/width.ts'
import { Instance, type Outcome } from './instance.ts'
import { galley, Projects } from './projects.ts'

/** What people read whose locale is Korean. */
const instance = new Instance()
const { directory } = new Projects(instance)
let home = ''

const project = `
services:
  app: {image: box, command: httpd -f -p 80 -h /data, stop_grace_period: 0s, ports: ["127.0.0.1::80"]}
  shop: {image: box, command: sleep 1000, stop_grace_period: 0s}
`

before(async () => {
  await instance.start()
  await instance.importBox()
  home = directory('korean', { 'compose.yaml': project })
})

after(() => instance.stop())

function inLocale(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Outcome> {
  return instance.command(galley, args, { cwd: home, env })
}

const korean = (...args: string[]): Promise<Outcome> => inLocale({ LANG: 'ko_KR.UTF-8' }, ...args)

test('what goes on, errors, questions and results are told in Korean; names, options and ids stay', async () => {
  const up = await korean('up')
  assert.equal(up.code, 0, up.err)
  assert.match(up.err, /^ 네트워크 korean_default {2}만드는 중\n 네트워크 korean_default {2}만듦\n/)
  assert.match(up.err, / 컨테이너 korean-app-1 {2}준비됨 {2}포트가 응답함\n/)
  assert.match(up.err, /^서비스는 .* 뜬 것으로 보고, 3번 끝나거나 180초가 지나면 실패한 것으로 봅니다\.$/m)
  assert.match(up.out, /^app {10}http:\/\/localhost:\d+\n$/)
  const diff = await korean('diff', '--force-recreate')
  assert.match(diff.err, / 컨테이너 korean-app-1 {2}다시 만들기, 이전 컨테이너와 나란히\n {5}요청됨\n/)
  const slip = await korean('up', '--bild')
  assert.equal(
    slip.err,
    'galley: 모르는 옵션 --bild\n도움말: 혹시 --build? galley up --help 로 옵션을 볼 수 있습니다.\n더 보기: galley explain cli.arguments\n',
  )
  assert.match((await korean('rm', '-s')).err, /^galley: 컨테이너 2개를 지우려고 합니다\n도움말: --force 옵션으로/)
  assert.match((await korean('daemon', 'status', '--run', instance.run)).out, /^실행 중, 프로세스 \d+, 소켓 /)
  assert.match((await korean('doctor')).out, /^✔ 커널에 마운트 네임스페이스가 있음$/m)
  assert.match((await korean('explain', 'cli.arguments')).out, /^cli\.arguments: 명령을 잘못 적었습니다\.\n {2}이유: /)
})

test('errors of the engine and the builder are told in Korean, also within findings', async () => {
  const context = directory('korean-build', { Dockerfile: 'FROM box\nRUNN true\n' })
  const build = await korean('build', context)
  assert.match(build.err, /^galley: 빌드 실패: Dockerfile 2번째 줄에 잘못이 있습니다: 모르는 명령어: RUNN \(혹시 RUN\?\)$/m)
  const slip = directory('korean-slip', { 'compose.yaml': 'services:\n  a:\n    image: x\n   ports: []\n' })
  assert.match(
    (await korean('config', '-f', `${slip}/compose.yaml`)).err,
    /compose\.yaml:4:1: 이 줄의 들여쓰기가 옆 줄들과 다릅니다\n도움말: 함께 있는 것은 같은 수의 공백으로 들여 쓰세요\.\n/,
  )
  const idle = directory('korean-words', { 'compose.yaml': 'services: {idle: {image: box, command: sleep 9, user: nobodyx}}' })
  const words = await korean('up', idle)
  assert.match(words.err + words.out, /^ {4}- 컨테이너 korean-words-idle-1: 사용자 nobodyx이\(가\) 이미지의 passwd 파일에 없습니다$/m)
  const shop = directory('korean-image', { 'compose.yaml': 'services: {shop: {image: "localhost:1/shop"}}' })
  const up = await korean('up', shop)
  const reason =
    'http://localhost:1/v2/shop/manifests/latest 요청(Get)이 실패했습니다: localhost:1에 연결할 수 없습니다: 연결이 거부되었습니다'
  assert.ok(up.err.includes(` 이미지 localhost:1/shop  오류  ${reason}\n`), up.err)
  assert.ok(`${up.out}${up.err}`.includes(`    - localhost:1/shop 받기: ${reason}\n`), up.err)
})

test('help has no English sentence left', async () => {
  const sentence = /(?<![\w./$(-])[a-z]{2,} [a-z]{2,} [a-z]{2,}/
  const commands = /galley [a-z ]+|docker [a-z ]+/g
  for (const command of [
    'up',
    'down',
    'ps',
    'logs',
    'exec',
    'run',
    'build',
    'pull',
    'stop',
    'config',
    'diff',
    'why',
    'lint',
    'registry',
    'daemon',
    'bundle',
    'install',
    'watch',
    'scale',
    'explain',
  ]) {
    const { out } = await korean('help', command)
    assert.match(out, /^사용법: galley /)
    assert.deepEqual(
      out.split('\n').filter((line) => sentence.test(line.replaceAll(commands, '').replace(/^.*? {2}(?=\S)/, ''))),
      [],
      command,
    )
  }
  assert.doesNotMatch((await korean('help')).out, /a container|what they wrote/)
})

test('rows that are drawn anew end in one column, whatever is wide in them', async () => {
  const { err } = await korean('restart', '--progress', 'tty')
  const rows = stripVTControlCharacters(err)
    .split('\n')
    .filter((line) => /컨테이너 .*\ds$/.test(line))
  assert.ok(rows.length >= 2, err)
  assert.deepEqual([...new Set(rows.map(widthOf))], [79])
})

test('the first of LC_ALL, LC_MESSAGES and LANG that is set decides', async () => {
  const language = async (env: Readonly<Record<string, string>>): Promise<string> =>
    (await inLocale(env, 'help', 'ps')).out.startsWith('사용법') ? 'ko' : 'en'
  assert.equal(await language({ LANG: 'ko_KR.UTF-8' }), 'ko')
  assert.equal(await language({ LANG: 'ko_KR.UTF-8', LC_MESSAGES: 'C' }), 'en')
  assert.equal(await language({ LANG: 'en_US.UTF-8', LC_ALL: 'ko_KR.UTF-8' }), 'ko')
  assert.equal(await language({}), 'en')
})

test('programs and clients of the Docker API read English, whatever the locale', async () => {
  const json = await korean('up', '--bild', '--json')
  assert.equal((JSON.parse(json.err) as { message: string }).message, 'unknown option --bild')
  const { out } = await korean('stop', '--progress', 'json')
  assert.match(out, /"status":"Stopping"/)
  const absent = await instance.command('docker', ['inspect', 'nobody'], { env: { LANG: 'ko_KR.UTF-8' } })
  assert.match(absent.err, /No such object: nobody/i)
})
