import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, dirname, posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { FrameBuffer } from '#base/frame-buffer.ts'
import type { Hook, WatchRule } from '#compose/model/model.ts'
import { outputOf } from '../child-output.ts'
import { ask, askJson } from '../connect.ts'

/** Brings what changed below a rule's path to its target in a container: files that are there are copied, others removed. */
export async function sync(container: string, rule: WatchRule, paths: ReadonlySet<string>): Promise<void> {
  const target = rule.target ?? '/'
  const there = [...paths].filter((path) => existsSync(path === '' ? rule.path : `${rule.path}/${path}`))
  const gone = [...paths].filter((path) => !there.includes(path)).map((path) => posix.join(target, path))
  if (gone.length > 0) await inside(container, { command: ['rm', '-rf', '--', ...gone] })
  if (there.includes('')) await copy(container, { from: dirname(rule.path), names: [basename(rule.path)], to: target })
  const below = there.filter((path) => path !== '')
  if (below.length > 0) await copy(container, { from: rule.path, names: below, to: `${target}/` })
}

/** `to` that ends in `/` is a directory; else the name that the one file gets. As docker cp does, root owns what is copied. */
async function copy(
  container: string,
  { from, names, to }: { readonly from: string; readonly names: readonly string[]; readonly to: string },
): Promise<void> {
  const isDirectory = to.endsWith('/')
  const directory = isDirectory ? to : posix.dirname(to)
  await inside(container, { command: ['mkdir', '-p', directory] })
  const renamed = isDirectory ? [] : ['--transform', `s,^.*$,${posix.basename(to).replaceAll(/[\\&,]/g, String.raw`\$&`)},`]
  // A whole project's names are more than arguments may be.
  const options = ['-C', from, '--owner=0', '--group=0', '--no-recursion', ...renamed, '-cf', '-', '--null', '-T', '-']
  const child = spawn('tar', options, { stdio: ['pipe', 'pipe', 'inherit'] })
  // One that has ended says why by itself.
  child.stdin.on('error', () => undefined).end(names.join('\0'))
  await ask(`/containers/${container}/archive?path=${encodeURIComponent(directory)}`, { method: 'PUT', upload: outputOf(child) })
}

/** Runs a command in a container and waits for its end. Throws `conflict` when it fails. */
export async function inside(container: string, hook: Pick<Hook, 'command'> & Partial<Hook>): Promise<string> {
  const { command, user = '', workingDir = '', privileged = false, environment = {} } = hook
  const body = {
    Cmd: command,
    User: user,
    WorkingDir: workingDir,
    Privileged: privileged,
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    AttachStdout: true,
    AttachStderr: true,
  }
  const { Id } = await askJson<{ Id: string }>(`/containers/${container}/exec`, { method: 'POST', body })
  const output = await ask(`/exec/${Id}/start`, { method: 'POST', body: {} })
  const frames = new FrameBuffer()
  let text = ''
  for await (const chunk of output as AsyncIterable<Buffer>)
    text += frames
      .push(chunk)
      .map(({ data }) => data.toString())
      .join('')
  const { ExitCode } = await askJson<{ ExitCode: number | null }>(`/exec/${Id}/json`)
  if (ExitCode === 0) return text
  throw new GalleyError('conflict', `${command.join(' ')} ended with exit code ${ExitCode}: ${text.trim()}`)
}
