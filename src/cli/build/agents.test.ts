import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { startAgents } from './agents.ts'

const skip = existsSync('/usr/bin/ssh-agent') ? false : 'ssh-agent is not installed'

test('an agent goes without a word, whether it takes its socket away itself or is too slow for that', { skip }, async (t) => {
  const home = mkdtempSync(`${tmpdir()}/galley-agents-`)
  t.after(() => rmSync(home, { recursive: true }))
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${home}/key`])
  for (let time = 0; time < 100; time++) {
    const agents = await startAgents({ default: [`${home}/key`] })
    const socket = agents.sockets['default'] ?? ''
    assert.ok(existsSync(socket))
    agents[Symbol.dispose]()
    assert.ok(!existsSync(dirname(socket)))
  }
})
