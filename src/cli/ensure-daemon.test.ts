import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownCommand } from './ensure-daemon.ts'

test('a daemon is started the same, whatever the process that starts it was started with', () => {
  const own = process.execArgv
  try {
    // As the ready process is, of which a command may be a copy.
    process.execArgv = ['--single-threaded']
    assert.deepEqual(ownCommand(['--run', '/r']).toSpliced(3, 1), [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '--max-semi-space-size=2',
      'daemon',
      '--run',
      '/r',
    ])
  } finally {
    process.execArgv = own
  }
})
