import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { Projects } from './projects.ts'

/** Attributes of a service that are the engine's own, as they arrive there. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

test('what a service says of its container arrives at the engine', async () => {
  const home = directory('opts', {
    'compose.yaml': `services:
  app:
    image: box
    command: sleep 1000
    stop_grace_period: 0s
    annotations: {a: b}
    cgroup: private
    cpu_period: 50000
    cpu_quota: 25000
    devices: ["/dev/null:/dev/nothing:r"]
    device_cgroup_rules: ["c 1:3 rm"]
    mac_address: "02:42:ac:11:65:43"
    expose: ["3000-3001", 53/udp]
    runtime: crun
    uts: host
    blkio_config: {weight: 300}
    extra_hosts: ["far=10.9.8.7"]
    ulimits: {nofile: {soft: 100, hard: 200}}
`,
  })
  const up = await run(home, 'up', '-d')
  assert.equal(up.code, 0, up.out + up.err)
  const [inspected] = JSON.parse(await instance.ok('inspect', 'opts-app-1'))
  const { HostConfig: host, Config: config, NetworkSettings: network } = inspected
  assert.deepEqual(
    [host.Annotations, host.CgroupnsMode, host.CpuPeriod, host.CpuQuota, host.BlkioWeight, host.UTSMode, host.Runtime],
    [{ a: 'b' }, 'private', 50_000, 25_000, 300, 'host', 'crun'],
  )
  assert.deepEqual(host.Devices, [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nothing', CgroupPermissions: 'r' }])
  assert.deepEqual([host.DeviceCgroupRules, host.ExtraHosts], [['c 1:3 rm'], ['far:10.9.8.7']])
  assert.deepEqual(host.Ulimits, [{ Name: 'nofile', Soft: 100, Hard: 200 }])
  assert.deepEqual(Object.keys(config.ExposedPorts).toSorted(), ['3000/tcp', '3001/tcp', '53/udp'])
  assert.equal(network.Networks.opts_default.MacAddress, '02:42:ac:11:65:43')
  assert.equal(await instance.ok('exec', 'opts-app-1', 'cat', '/sys/class/net/eth0/address'), '02:42:ac:11:65:43')
  assert.equal((await run(home, 'down')).code, 0)
})

test('every form of a volume is mounted as it says', async () => {
  const home = directory('mounts', {
    'compose.yaml': `services:
  app:
    image: box
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: {fill: {condition: service_completed_successfully}}
    volumes:
      - data:/all
      - {type: volume, source: data, target: /part, read_only: true, volume: {subpath: sub}}
      - {type: volume, target: /own, volume: {labels: {kept: "yes"}}}
      - ./made:/made:ro,rprivate
      - {type: bind, source: ./made, target: /single, bind: {recursive: disabled}}
      - {type: tmpfs, target: /memory, tmpfs: {size: 1m, mode: 0o700}}
  fill: {image: box, command: sh -c 'mkdir /data/sub && echo here > /data/sub/page', volumes: ["data:/data"]}
volumes: {data: }
`,
  })
  const up = await run(home, 'up', '-d')
  assert.equal(up.code, 0, up.out + up.err)
  assert.equal(await instance.ok('exec', 'mounts-app-1', 'cat', '/part/page'), 'here')
  assert.notEqual((await instance.docker('exec', 'mounts-app-1', 'touch', '/part/x')).code, 0)
  const [{ HostConfig: host, Mounts: mounts }] = JSON.parse(await instance.ok('inspect', 'mounts-app-1'))
  assert.deepEqual(host.Binds.toSorted(), [`${home}/made:/made:ro,rprivate`, 'mounts_data:/all'])
  const own = mounts.find((mount: { readonly Destination: string }) => mount.Destination === '/own') as { readonly Name: string }
  assert.equal(await instance.ok('volume', 'inspect', '-f', '{{.Labels.kept}}', own.Name), 'yes')
  assert.match(
    await instance.ok('exec', 'mounts-app-1', 'sh', '-c', 'grep " /memory " /proc/mounts'),
    /size=1024k.*mode=700|mode=700.*size=1024k/,
  )
  assert.equal((await run(home, 'up', '-d')).out.includes('Recreate'), false, 'a second up changes nothing')
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('links and the volumes of another service are had, and move with it', async () => {
  const file = (word: string): string => `services:
  db: {image: box, command: sleep 1000, stop_grace_period: 0s, environment: {WORD: ${word}}, volumes: [/kept]}
  web: {image: box, command: sleep 1000, stop_grace_period: 0s, links: [db, "db:store"], volumes_from: ["db:ro"]}
`
  const home = directory('bound', { 'compose.yaml': file('one') })
  const up = await run(home, 'up', '-d')
  assert.equal(up.code, 0, up.out + up.err)
  const store = async (): Promise<string> =>
    /^Name:\s+store\nAddress: (\S+)/m.exec(await instance.ok('exec', 'bound-web-1', 'sh', '-c', 'nslookup -type=a store'))?.[1] ?? ''
  const address = (): Promise<string> => instance.ok('inspect', '-f', '{{.NetworkSettings.Networks.bound_default.IPAddress}}', 'bound-db-1')
  assert.equal(await store(), await address())
  assert.equal(await instance.ok('exec', 'bound-web-1', 'sh', '-c', 'env | grep -c ^STORE_ || true'), '0')
  await instance.ok('exec', 'bound-db-1', 'sh', '-c', 'echo here > /kept/page')
  assert.equal(await instance.ok('exec', 'bound-web-1', 'cat', '/kept/page'), 'here')
  assert.notEqual((await instance.docker('exec', 'bound-web-1', 'touch', '/kept/x')).code, 0)
  directory('bound', { 'compose.yaml': file('two') })
  const again = await run(home, 'up', '-d')
  assert.equal(again.code, 0, again.out + again.err)
  assert.equal(await instance.ok('exec', 'bound-db-1', 'sh', '-c', 'echo $WORD'), 'two')
  assert.equal(await store(), await address())
  assert.equal(await instance.ok('exec', 'bound-web-1', 'cat', '/kept/page'), 'here')
  const down = await run(home, 'down', '-v')
  assert.equal(down.code, 0, down.out + down.err)
  assert.equal(await instance.ok('volume', 'ls', '-q'), '', 'no volume is left')
})
