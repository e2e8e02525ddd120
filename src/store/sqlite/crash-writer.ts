import { openSqliteStore } from './open.ts'

// The process that crash.test.ts kills: writes as fast as it can, several a turn, and prints each key once it is acknowledged.
const [path = '', round = ''] = process.argv.slice(2)
const store = openSqliteStore(path)

async function writeForever(lane: number): Promise<never> {
  for (let count = 0; ; count++) {
    const key = `${round}/${lane}/${count}`
    await store.txn({
      then: [
        { put: key, value: JSON.stringify({ key }) },
        { put: `last/${lane}`, value: JSON.stringify(key) },
      ],
    })
    process.stdout.write(`${key}\n`)
  }
}

await Promise.all([0, 1, 2, 3].map(writeForever))
