import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import packets from 'dns-packet'
import { Instance } from './instance.ts'

/** Servers outside that are dead, slow or of no help, and many questions at once, as containers' programs meet them. */
const instance = new Instance()
const { ok } = instance
const servers: Socket[] = []
/** Addresses of the host by what its server does. */
const at = { good: '', silent: '', failing: '', absent: '' }
/** How often the silent one was asked. */
let silences = 0

type Behaviour = (message: Buffer) => Buffer | undefined

/** Knows a name with a chain of others, and every other name. */
const answering: Behaviour = (message) => {
  const { id = 0, questions = [] } = packets.decode(message)
  const [{ name = '', type = 'A' } = {}] = questions
  const chain = ['chain.example', 'one.example', 'two.example']
  const aliases =
    name === chain[0] ? chain.slice(1).map((data, index) => ({ type: 'CNAME' as const, name: chain[index] ?? '', ttl: 60, data })) : []
  const address = { type: 'A' as const, name: aliases.at(-1)?.data ?? name, ttl: 60, data: '203.0.113.7' }
  return packets.encode({
    type: 'response',
    id,
    flags: packets.RECURSION_AVAILABLE,
    questions,
    answers: type === 'A' ? [...aliases, address] : [],
  })
}

const failing: Behaviour = (message) => {
  const { id = 0, questions = [] } = packets.decode(message)
  return packets.encode({ type: 'response', id, flags: packets.RECURSION_AVAILABLE | 2, questions })
}

async function serve(address: string, behaviour: Behaviour): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    const reply = behaviour(message)
    if (reply !== undefined) socket.send(reply, from.port, from.address)
  })
  socket.bind(53, address)
  servers.push(socket)
  await once(socket, 'listening')
}

before(async () => {
  await instance.start()
  await instance.importBox()
  for (const name of ['good', 'silent', 'failing', 'absent'] as const) {
    await ok('network', 'create', name)
    at[name] = await ok('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Gateway}}{{end}}', name)
  }
  await serve(at.good, answering)
  await serve(at.silent, () => {
    silences++
    return undefined
  })
  await serve(at.failing, failing)
})

after(async () => {
  for (const socket of servers) socket.close()
  await instance.stop()
})

/** Starts a container that asks these servers. */
async function asker(name: string, ...asked: (keyof typeof at)[]): Promise<void> {
  await ok('run', '-d', '--name', name, '--network', 'good', ...asked.flatMap((each) => ['--dns', at[each]]), 'box', 'sleep', '1000')
}

/** Runs a program of Node's inside a container's network. */
async function inside(container: string, program: string): Promise<string> {
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', container)
  const { out, err } = await instance.command('nsenter', ['-t', pid, '-n', process.execPath, '-e', program])
  assert.equal(err, '')
  return out.trim()
}

interface Found {
  readonly found: string
  /** Milliseconds. */
  readonly took: number
}

/** Looks a name up `times` times. */
async function lookUp(container: string, name: string, times = 1): Promise<Found[]> {
  const program = `const {Resolver}=require('dns').promises;const r=new Resolver({timeout:9000,tries:1});r.setServers(['127.0.0.11']);
    (async()=>{const all=[];for(let i=0;i<${times};i++){const t=performance.now();const found=await r.resolve4('${name}').then(String,(e)=>e.code);all.push({found,took:performance.now()-t})}console.log(JSON.stringify(all))})()`
  return JSON.parse(await inside(container, program)) as Found[]
}

function assertFound(answers: readonly Found[]): void {
  for (const { found } of answers) assert.equal(found, '203.0.113.7')
}

test('a server that is silent costs one question its patience, and the next ones none', async () => {
  await asker('patient', 'silent', 'good')
  assertFound(await lookUp('patient', 'outside.example'))
  const once = silences
  assert.ok(once > 0)
  assertFound(await lookUp('patient', 'outside.example', 3))
  assert.equal(silences, once)
})

test('where nobody listens, the next server is asked at once', async () => {
  const times: number[] = []
  for (const name of ['quick', 'quicker', 'quickest']) {
    await asker(name, 'absent', 'good')
    const answers = await lookUp(name, 'outside.example')
    assertFound(answers)
    times.push(...answers.map(({ took }) => took))
  }
  // Each of them would take 2 seconds, were the server only silent. A busy machine may be as slow, but not each time.
  assert.ok(Math.min(...times) < 1900, String(times))
})

test('a server that fails is no answer while there is another one', async () => {
  await asker('failed', 'failing', 'good')
  assert.equal((await lookUp('failed', 'outside.example'))[0]?.found, '203.0.113.7')
  await asker('lost', 'failing')
  assert.equal((await lookUp('lost', 'outside.example'))[0]?.found, 'ESERVFAIL')
})

test('a chain of names comes whole', async () => {
  await asker('chained', 'good')
  assert.match(await ok('exec', 'chained', 'nslookup', 'chain.example.'), /one\.example[^]*two\.example[^]*203\.0\.113\.7/)
})

/**
 * Asks `rate` times a second for some seconds, with no more than `open` questions unanswered: a socket holds some 270 datagrams for a process
 * that gets no processor meanwhile. How many questions were asked, and how many answered with an address.
 */
async function pour(
  container: string,
  name: string,
  { rate, seconds, open }: { rate: number; seconds: number; open?: number },
): Promise<number[]> {
  const all = rate * seconds
  const program = `const packets=require('${process.cwd()}/node_modules/dns-packet');const s=require('dgram').createSocket('udp4');const good=new Set();let n=0;
    s.on('message',(m)=>{const p=packets.decode(m);if(p.answers.length>0)good.add(p.id);if(good.size===${all})told()});const begin=performance.now();
    const told=()=>{console.log(JSON.stringify([n,good.size]));process.exit()};setTimeout(told,60000);
    const timer=setInterval(()=>{const due=Math.min((performance.now()-begin)/1000*${rate},${all});
      while(n<due&&n-good.size<${open ?? all})s.send(packets.encode({type:'query',id:++n,flags:packets.RECURSION_DESIRED,questions:[{type:'A',name:'${name}'}]}),53,'127.0.0.11');
      if(n>=${all}){clearInterval(timer);setTimeout(told,${open === undefined ? 2500 : 60_000})}},5)`
  return JSON.parse(await inside(container, program)) as number[]
}

test('a thousand questions a second are answered', async () => {
  await asker('busy', 'good')
  assert.deepEqual(await pour('busy', 'patient', { rate: 1000, seconds: 3, open: 200 }), [3000, 3000])
})

test('a container that asks a dead server without end takes no answer from others', async () => {
  await asker('vain', 'silent')
  const vain = pour('vain', 'outside.example', { rate: 1000, seconds: 6 })
  // By then more questions wait than all containers together may have.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  assertFound(await lookUp('busy', 'outside.example', 20))
  assert.deepEqual(await vain, [6000, 0])
})
