import assert from 'node:assert/strict'
import { constants, createHash, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import type { Service } from '#compose/model/model.ts'
import { mentionsOf } from '../addresses.ts'
import { Conversation } from './conversation.ts'
import { credentialsOf, protocolOf } from './credentials.ts'
import { mysqlLogin } from './mysql-login.ts'

/** The other half of caching_sha2_password, as MySQL 8 describes it; MariaDB and PostgreSQL themselves are asked in test/why-databases.test.ts. */
async function withServer<T>(serve: (server: Conversation) => Promise<void>, task: (client: Conversation) => Promise<T>): Promise<T> {
  const failed: unknown[] = []
  const signal = new AbortController().signal
  const server = createServer(
    (socket: Socket) => void serve(new Conversation(socket, signal)).catch((error: unknown) => failed.push(error)),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  using client = new Conversation(socket, signal)
  try {
    return await task(client)
  } finally {
    socket.destroy()
    server.close()
    assert.deepEqual(failed, [])
  }
}

function framed(sequence: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([payload.length & 0xff, payload.length >> 8, 0, sequence]), payload])
}

async function payloadOf(server: Conversation): Promise<Buffer> {
  const head = await server.read(4)
  return await server.read(head.readUIntLE(0, 3))
}

function greeting(salt: Buffer): Buffer {
  const [one, two] = [salt.subarray(0, 8), salt.subarray(8)]
  const zero = Buffer.from([0])
  const version = Buffer.from('\x0a8.4.0\0', 'latin1')
  return Buffer.concat([
    version,
    Buffer.alloc(4),
    one,
    zero,
    Buffer.alloc(7),
    Buffer.from([21]),
    Buffer.alloc(10),
    two,
    zero,
    Buffer.from('caching_sha2_password\0'),
  ])
}

const sha = (...parts: readonly (string | Buffer)[]): Buffer => parts.reduce((all, part) => all.update(part), createHash('sha256')).digest()

test('a MySQL 8 server that does not remember the password gets it under its own key', async () => {
  const salt = Buffer.from(randomBytes(20).map((byte) => byte | 1))
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const end = await withServer(
    async (server) => {
      server.write(framed(0, greeting(salt)))
      const response = await payloadOf(server)
      const proof = response.subarray(response.indexOf('cook\0') + 6).subarray(0, 32)
      const once = sha('rice')
      assert.deepEqual(Buffer.from(proof.map((byte, index) => byte ^ (sha(sha(once), salt)[index] ?? 0))), once)
      assert.ok(response.includes('meal\0caching_sha2_password\0'))
      server.write(framed(2, Buffer.from([1, 4])))
      assert.deepEqual(await payloadOf(server), Buffer.from([2]))
      server.write(framed(4, Buffer.concat([Buffer.from([1]), Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }) as string)])))
      const mixed = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, await payloadOf(server))
      assert.equal(Buffer.from(mixed.map((byte, index) => byte ^ (salt[index] ?? 0))).toString(), 'rice\0')
      server.write(framed(6, Buffer.concat([Buffer.from([0xff, 0x19, 0x04]), Buffer.from("#42000Unknown database 'meal'")])))
    },
    (client) => mysqlLogin(client, { user: 'cook', password: 'rice', database: 'meal' }),
  )
  assert.deepEqual(end, { end: 'no-database', said: "Unknown database 'meal'" })
})

test('a server that has closed, or speaks something else, breaks the login', async () => {
  await assert.rejects(
    withServer(
      async (server) => server[Symbol.dispose](),
      (client) => mysqlLogin(client, { user: 'a', password: '', database: '' }),
    ),
    /closed|ECONNRESET/,
  )
  await assert.rejects(
    withServer(
      async (server) => server.write(framed(0, Buffer.from('HTTP/1.1 400 Bad Request\r\n'))),
      (client) => mysqlLogin(client, { user: 'a', password: '', database: '' }),
    ),
    /does not greet as MySQL/,
  )
})

test('what a service is given to log in with is found in the address or beside it', () => {
  const given = (environment: Readonly<Record<string, string>>): unknown[] => {
    const service = {
      environment: Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, { value }])),
    } as unknown as Service
    return mentionsOf(service).map((mention) => {
      const { user, password, database } = credentialsOf(service, mention) ?? {}
      return [protocolOf(service, mention, undefined), mention.host, mention.port, user, password, database]
    })
  }
  assert.deepEqual(
    given({
      SPRING_DATASOURCE_URL: 'jdbc:mysql://db/meal?useSSL=false',
      SPRING_DATASOURCE_USERNAME: 'cook',
      SPRING_DATASOURCE_PASSWORD: 'r',
    }),
    [['mysql', 'db', 3306, 'cook', 'r', 'meal']],
  )
  assert.deepEqual(given({ DATABASE_URL: 'postgres://cook:a%40b@db/meal' }), [['postgres', 'db', 5432, 'cook', 'a@b', 'meal']])
  assert.deepEqual(given({ URL: 'jdbc:mariadb://db:3307/meal?user=cook&password=100%25' }), [['mysql', 'db', 3307, 'cook', '100%', 'meal']])
  assert.deepEqual(given({ DB_HOST: 'db', DB_PORT: '5432', DB_USER: 'cook', DB_PASS: 'r', DB_NAME: 'meal' }), [
    ['postgres', 'db', 5432, 'cook', 'r', 'meal'],
  ])
  assert.deepEqual(given({ DATABASE_URL: 'mysql://db/meal' }), [['mysql', 'db', 3306, undefined, undefined, undefined]])
  assert.deepEqual(
    given({ CACHE_URL: 'redis://cache:6379' }).map((one) => (one as unknown[])[0]),
    [undefined],
  )
})
