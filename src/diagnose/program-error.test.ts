import assert from 'node:assert/strict'
import { test } from 'node:test'
import { programErrorIn } from './program-error.ts'
import { tellingLines } from './telling-lines.ts'

const python = `starting
Traceback (most recent call last):
  File "/app/main.py", line 7, in <module>
    connect(settings)
    ~~~~~~~^^^^^^^^^^
  File "/usr/lib/python3.13/socket.py", line 840, in connect
    raise OSError("no")
OSError: no`

const node = `/app/server.js:3
a.b.c()
    ^

TypeError: Cannot read properties of undefined (reading 'c')
    at Object.<anonymous> (/app/node_modules/x/index.js:1:5)
    at start (/app/server.js:3:5)
    at Module._compile (node:internal/modules/cjs/loader:1903:20)

Node.js v22.1.0`

const java = `Exception in thread "main" java.lang.IllegalStateException: no pool
\tat com.example.App.main(App.java:9)
Caused by: java.io.IOException: disk is gone
\tat com.example.Pool.open(Pool.java:3)
\t... 1 more`

test("an error is told by its own line and the innermost line of the person's own code", () => {
  const of = (log: string): unknown => programErrorIn(log.split('\n'))
  assert.deepEqual(of(python), { said: 'OSError: no', isSyntax: false, place: { path: '/app/main.py', line: 7 } })
  assert.deepEqual(of(node), {
    said: "TypeError: Cannot read properties of undefined (reading 'c')",
    isSyntax: false,
    place: { path: '/app/server.js', line: 3 },
  })
  assert.deepEqual(of(java), { said: 'Caused by: java.io.IOException: disk is gone', isSyntax: false, place: undefined })
})

test('a file that breaks its language is told with its place', () => {
  const place = (log: string): unknown => {
    const found = programErrorIn(log.split('\n'))
    assert.equal(found?.isSyntax, true, log)
    return found.place
  }
  assert.deepEqual(place('  File "/a/app.py", line 2\n    def f(:\n          ^\nSyntaxError: invalid syntax'), {
    path: '/a/app.py',
    line: 2,
  })
  assert.deepEqual(place("/a/x.js:2\nfoo(\n    ^\n\nSyntaxError: Unexpected token '.'\n    at wrapSafe (node:internal/x:1:2)"), {
    path: '/a/x.js',
    line: 2,
  })
  assert.deepEqual(place('PHP Parse error:  syntax error, unexpected token "echo" in /srv/index.php on line 3'), {
    path: '/srv/index.php',
    line: 3,
  })
  assert.deepEqual(place('2026/01/01 10:00:00 [emerg] 1#1: unknown directive "lissen" in /etc/nginx/conf.d/a.conf:2'), {
    path: '/etc/nginx/conf.d/a.conf',
    line: 2,
  })
})

test('what is only talked about is no error that ended the program', () => {
  for (const log of ['', 'Error: nothing here', 'listening on 80\nno panic: all is well', 'SyntaxError is what we fear'])
    assert.equal(programErrorIn(log.split('\n')), undefined, log)
})

test('lines that say something are left of a stack trace, and the last lines where nothing says anything', () => {
  assert.deepEqual(tellingLines(python.split('\n'), 4), [
    'starting',
    '  File "/app/main.py", line 7, in <module>',
    '    connect(settings)',
    'OSError: no',
  ])
  assert.deepEqual(tellingLines(java.split('\n'), 9), [
    'Exception in thread "main" java.lang.IllegalStateException: no pool',
    'Caused by: java.io.IOException: disk is gone',
  ])
  assert.deepEqual(tellingLines(['    at a (node:x)', ''], 2), ['    at a (node:x)'])
  assert.deepEqual(tellingLines(['starting', 'no key', 'starting', 'no key'], 3), ['starting', 'no key'])
})

test('colours and the advice of Maven are left away', () => {
  const log = [
    '[\u001b[1;31mERROR\u001b[m] No plugin found',
    '[ERROR] ',
    '[ERROR] Re-run Maven using the -X switch',
    '[INFO] BUILD FAILURE',
  ]
  assert.deepEqual(tellingLines(log, 4), [log[0]])
})
