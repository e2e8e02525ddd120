import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { http } from '#base/http.ts'
import { toldStream } from '#faces/galley/build/told.ts'
import { answerTo, buildPath, commands, composeFile, dockerfile } from './example.ts'

type Dispatch = (name: string, args: readonly string[]) => Promise<number>

/**
 * Carries out some commands on an example, whose daemon is a server in this process: what a command begins
 * with is loaded and compiled then, as it is for the second command of a long-lived program. What they leave is in no file and in no
 * variable that lasts: each command chooses its language and reads its environment anew. Resolves when nothing of it is open any more.
 */
export async function rehearse(dispatch: Dispatch, run: string): Promise<void> {
  const directory = mkdtempSync(`${run}/rehearsal-`)
  // The name of a socket may be no longer than 107 bytes, and the directory's may be nearly as long.
  process.chdir(directory)
  using _environment = setEnvironment({ GALLEY_SOCKET: 'docker.sock', DOCKER_CONFIG: directory })
  const server = await serveExample('docker.sock')
  try {
    writeFileSync(`${directory}/compose.yaml`, composeFile)
    writeFileSync(`${directory}/Dockerfile`, dockerfile)
    for (const [name = '', ...args] of commands)
      await dispatch(name, [
        ...args,
        ...(name === 'build' ? [directory] : ['--project-directory', directory, '--file', `${directory}/compose.yaml`]),
      ])
  } finally {
    server.closeAllConnections()
    await once(server.close(), 'close')
    process.chdir('/')
    for (const name of readdirSync(directory)) unlinkSync(`${directory}/${name}`)
    rmdirSync(directory)
  }
}

async function serveExample(path: string): Promise<Server> {
  const server = http.createServer((request, response) => {
    const { url = '' } = request
    request.resume().on('end', () => {
      for (const line of answerTo(url)) response.write(url === buildPath ? frame(line) : `${JSON.stringify(line)}\n`)
      response.end()
    })
  })
  server.listen(path)
  await once(server, 'listening')
  return server
}

function frame(line: unknown): Buffer {
  const data = Buffer.from(JSON.stringify(line))
  const head = Buffer.alloc(8)
  head.writeUInt8(toldStream)
  head.writeUInt32BE(data.length, 4)
  return Buffer.concat([head, data])
}

function setEnvironment(values: Readonly<Record<string, string>>): Disposable {
  using stack = new DisposableStack()
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name]
    process.env[name] = value
    stack.defer(() => {
      if (before === undefined) delete process.env[name]
      else process.env[name] = before
    })
  }
  return stack.move()
}
