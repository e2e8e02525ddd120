import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { BuildContexts, type Files } from './build-contexts.ts'
import { freePorts } from './free-ports.ts'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { Layout, type LayoutDocument } from './layouts.ts'
import { usePlugins } from './plugins.ts'
import { RegistryServer } from './registry-server.ts'

/** What buildx has said of images: annotations, and attestations of how they were made and what is in them. */
const instance = instanceWithBox()
const contexts = new BuildContexts(instance)
const available = await usePlugins(instance, 'docker-buildx')
const skip = available ? false : 'no suite that has buildx can be reached'

const scratch = { 'a.txt': 'a', Dockerfile: 'FROM scratch\nCOPY a.txt /\n' }

const build = (files: Files, ...options: string[]): Promise<Outcome> =>
  instance.docker('buildx', 'build', '--progress=plain', ...options, contexts.directory(files))

async function built(files: Files, ...options: string[]): Promise<string> {
  const { code, out, err } = await build(files, ...options)
  assert.equal(code, 0, err + out)
  return err
}

let count = 0
/** Builds into an image layout. */
async function layoutOf(files: Files, ...options: string[]): Promise<Layout> {
  const tar = `${instance.home}/layout-${count++}.tar`
  await built(files, '-o', `type=oci,dest=${tar}`, ...options)
  return Layout.of(instance, tar)
}

test('annotations stand in manifests, in the index and in the entries that name them', { skip }, async () => {
  const both = await layoutOf(
    scratch,
    '--platform=linux/amd64,linux/arm64',
    '--annotation=plain=1',
    '--annotation=manifest[linux/arm64]:arm=2',
    '--annotation=manifest-descriptor[linux/amd64]:named=3',
    '--annotation=index,index-descriptor:whole=4',
  )
  assert.deepEqual(both.top.annotations, { whole: '4' })
  const index = both.json(both.top)
  assert.deepEqual(index.annotations, { whole: '4' })
  const [amd, arm] = index.manifests ?? []
  assert.ok(amd !== undefined && arm !== undefined)
  assert.deepEqual([amd.annotations, arm.annotations], [{ named: '3' }, undefined])
  assert.deepEqual([both.json(amd).annotations, both.json(arm).annotations], [{ plain: '1' }, { plain: '1', arm: '2' }])
  const one = await layoutOf(scratch, '--annotation=plain=1', '--annotation=manifest-descriptor:named=3')
  assert.equal(one.top.annotations?.['named'], '3')
  assert.deepEqual(one.json(one.top).annotations, { plain: '1' })
})

test('annotations without a place are refused', { skip }, async () => {
  const index = await build(scratch, '--annotation=index:a=b', '-o', `type=oci,dest=${instance.home}/none.tar`)
  assert.match(index.err, /index annotations not supported for single platform export/)
  const platform = await build(scratch, '--annotation=manifest[linux/s390x]:a=b', '-o', `type=oci,dest=${instance.home}/none.tar`)
  assert.match(platform.err, /invalid annotation: no platform linux\/s390x found in source/)
})

test('an image in the store keeps its annotations for whoever saves or pushes it, until it is built without', { skip }, async () => {
  const annotations = async (): Promise<unknown> => {
    const tar = `${instance.home}/saved-${count++}.tar`
    await instance.ok('save', '-o', tar, 'annotated')
    const layout = await Layout.of(instance, tar)
    return layout.json(layout.top).annotations
  }
  await built(scratch, '-t', 'annotated', '--annotation=kept=yes', '-o', 'type=image')
  assert.deepEqual(await annotations(), { kept: 'yes' })
  instance.killDaemon()
  await instance.start()
  assert.deepEqual(await annotations(), { kept: 'yes' })
  await built(scratch, '-t', 'annotated')
  assert.equal(await annotations(), undefined)
})

test('an index goes to registries, to a foreign one and to our own', { skip }, async (t: TestContext) => {
  if (!existsSync('/usr/bin/docker-registry')) return t.skip('docker-registry is not installed')
  await using registry = new RegistryServer(await freePorts())
  await registry.start()
  const own = `localhost:${await freePorts()}`
  const started = await instance.galley('registry', 'start', '--listen', own.replace('localhost', '127.0.0.1'), '--anonymous', 'push')
  assert.equal(started.code, 0, started.err)
  for (const host of [registry.host, own]) {
    const name = `${host}/team/both:1`
    await built(scratch, '--platform=linux/amd64,linux/arm64', '--annotation=index:whole=4', '--annotation=a=b', '-t', name, '--push')
    const raw = JSON.parse(await instance.ok('buildx', 'imagetools', 'inspect', '--raw', name)) as LayoutDocument
    assert.deepEqual(raw.annotations, { whole: '4' })
    const images = (raw.manifests ?? []).filter(({ platform }) => platform?.os === 'linux')
    assert.deepEqual(
      images.map(({ platform }) => platform?.architecture),
      ['amd64', 'arm64'],
    )
    for (const { digest } of images) {
      const manifest = await instance.ok('buildx', 'imagetools', 'inspect', '--raw', `${host}/team/both@${digest}`)
      assert.deepEqual((JSON.parse(manifest) as LayoutDocument).annotations, { a: 'b' })
    }
  }
})

test('files of several platforms have a directory for each', { skip }, async () => {
  const files = { Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY ${TARGETARCH}.txt /d/file\n', 'amd64.txt': 'x', 'arm64.txt': 'a' }
  const directory = `${instance.home}/several`
  await built(files, '--platform=linux/arm64,linux/amd64', '-o', directory)
  assert.deepEqual(readdirSync(directory, { recursive: true }).toSorted(), [
    'linux_amd64',
    'linux_amd64/d',
    'linux_amd64/d/file',
    'linux_arm64',
    'linux_arm64/d',
    'linux_arm64/d/file',
  ])
  const tar = `${instance.home}/several.tar`
  await built(files, '--platform=linux/arm64,linux/amd64', '-o', `type=tar,dest=${tar}`)
  const { out } = await instance.command('tar', ['-tf', tar])
  assert.deepEqual(out.trim().split('\n').toSorted(), [
    'linux_amd64/',
    'linux_amd64/d/',
    'linux_amd64/d/file',
    'linux_arm64/',
    'linux_arm64/d/',
    'linux_arm64/d/file',
  ])
  assert.equal((await instance.command('tar', ['-xOf', tar, 'linux_arm64/d/file'])).out, 'a')
})

const debian = {
  'root/etc/os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  'root/var/lib/dpkg/status': 'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n',
  'root/app/node_modules/left-pad/package.json': '{"name": "left-pad", "version": "1.3.0", "license": "MIT"}',
}
const attested = {
  ...debian,
  Dockerfile: `FROM box AS made
ARG VERSION=none
RUN --mount=type=secret,id=token,required cat /run/secrets/token | wc -c >/made
FROM scratch
LABEL marked=label-value
COPY root /
COPY --from=made /made /
`,
}
const secret = 'a4e1c9-never-to-be-told'
const given = ['--build-arg=VERSION=argument-value', '--label=shown=given-label', '--secret=id=token,env=TOKEN_VALUE']

async function attestedBuild(...options: string[]): Promise<void> {
  const { code, err } = await instance.command('docker', ['buildx', 'build', ...given, ...options, contexts.directory(attested)], {
    env: { TOKEN_VALUE: secret },
  })
  assert.equal(code, 0, err)
}

interface Provenance {
  readonly buildDefinition: {
    readonly externalParameters: {
      readonly configSource: { readonly path: string }
      readonly request: { readonly args?: Readonly<Record<string, string>>; readonly secrets?: unknown; readonly locals?: unknown }
    }
    readonly internalParameters: { readonly buildConfig?: { readonly llbDefinition: readonly { readonly inputs?: readonly string[] }[] } }
    readonly resolvedDependencies: readonly { readonly uri: string; readonly digest: Readonly<Record<string, string>> }[]
  }
  readonly runDetails: {
    readonly metadata: {
      readonly invocationId: string
      readonly startedOn: string
      readonly finishedOn: string
      readonly buildkit_metadata: { readonly source?: { readonly infos: readonly { readonly data: string }[] }; readonly layers?: object }
      readonly buildkit_completeness: unknown
    }
  }
}

test('provenance and SBOM go with a push, as buildx and registries read them', { skip }, async (t: TestContext) => {
  if (!existsSync('/usr/bin/docker-registry')) return t.skip('docker-registry is not installed')
  await using registry = new RegistryServer(await freePorts())
  await registry.start()
  const name = `${registry.host}/attested:1`
  await attestedBuild('-t', name, '--provenance=mode=max', '--sbom=true', '--push')
  const shown = async <T>(what: string): Promise<T> =>
    JSON.parse(await instance.ok('buildx', 'imagetools', 'inspect', name, '--format', `{{json ${what}}}`)) as T
  const { SPDX } = await shown<{ SPDX: { spdxVersion: string; packages: { name: string; sourceInfo?: string }[] } }>('.SBOM')
  assert.equal(SPDX.spdxVersion, 'SPDX-2.3')
  assert.deepEqual(
    SPDX.packages.slice(1).map((one) => one.name),
    ['debian', 'bash', 'left-pad'],
  )
  assert.match(SPDX.packages[2]?.sourceInfo ?? '', /\/var\/lib\/dpkg\/status \(layer sha256:[0-9a-f]{64}\)/)
  const { SLSA } = await shown<{ SLSA: Provenance }>('.Provenance')
  const { externalParameters, internalParameters, resolvedDependencies } = SLSA.buildDefinition
  assert.equal(externalParameters.request.args?.['build-arg:VERSION'], 'argument-value')
  assert.equal(externalParameters.request.args?.['label:shown'], 'given-label')
  assert.deepEqual(externalParameters.request.secrets, [{ id: 'token' }])
  assert.deepEqual(externalParameters.request.locals, [{ name: 'context' }, { name: 'dockerfile' }])
  assert.deepEqual(
    resolvedDependencies.map(({ uri }) => uri),
    ['pkg:docker/box@latest?platform=linux%2Famd64'],
  )
  assert.equal(`sha256:${resolvedDependencies[0]?.digest['sha256']}`, await instance.ok('inspect', '-f', '{{.Id}}', 'box'))
  assert.deepEqual(
    internalParameters.buildConfig?.llbDefinition.map(({ inputs }) => inputs),
    [undefined, ['step0:0'], undefined, ['step2:0', 'step1:0']],
  )
  const { buildkit_metadata: metadata, startedOn, finishedOn } = SLSA.runDetails.metadata
  assert.equal(Buffer.from(metadata.source?.infos[0]?.data ?? '', 'base64').toString('utf8'), attested.Dockerfile)
  assert.deepEqual(Object.keys(metadata.layers ?? {}), ['step0:0', 'step1:0', 'step2:0', 'step3:0'])
  assert.ok(Date.parse(startedOn) <= Date.parse(finishedOn))
  const everything = await instance.command('grep', ['-rlaE', secret, registry.home, instance.data])
  assert.equal(everything.out, '')
  assert.match(await instance.ok('pull', name), /Downloaded newer image|up to date/)
})

test('what provenance says little of, and of which version it is', { skip }, async () => {
  const little = await layoutOf(attestedFiles(), '--provenance=mode=min', '--build-arg=VERSION=argument-value')
  const statements = statementsIn(little)
  assert.deepEqual(Object.keys(statements), ['https://slsa.dev/provenance/v1'])
  const { predicate, subject } = statements['https://slsa.dev/provenance/v1'] as { predicate: Provenance; subject: unknown }
  assert.doesNotMatch(JSON.stringify(predicate), /argument-value/)
  assert.deepEqual(predicate.runDetails.metadata.buildkit_completeness, { request: false, resolvedDependencies: false })
  const [image] = little.json(little.top).manifests ?? []
  assert.deepEqual(subject, [{ name: '_', digest: { sha256: image?.digest.replace('sha256:', '') } }])
  const older = statementsIn(await layoutOf(attestedFiles(), '--provenance=mode=min,version=v0.2,builder-id=https://here/1'))
  const predicate02 = (older['https://slsa.dev/provenance/v0.2'] as { predicate: { builder: unknown; invocation: object } }).predicate
  assert.deepEqual(predicate02.builder, { id: 'https://here/1' })
  assert.ok('parameters' in predicate02.invocation)
  const wrong = await build(attestedFiles(), '--provenance=mode=much', '-o', `type=oci,dest=${instance.home}/none.tar`)
  assert.match(wrong.err, /invalid mode "much"/)
  const other = await build(attestedFiles(), '--sbom=generator=docker/scout-sbom-indexer', '-o', `type=oci,dest=${instance.home}/none.tar`)
  assert.match(other.err, /generator of the attestation sbom is not implemented by Galley/)
})

const attestedFiles = (): Files => ({ 'a.txt': 'a', Dockerfile: 'FROM scratch\nARG VERSION\nCOPY a.txt /\n' })

/** By the predicates' types. */
function statementsIn(layout: Layout): Record<string, unknown> {
  const manifests = layout.json(layout.top).manifests ?? []
  const [image, said] = manifests
  assert.ok(image !== undefined && said !== undefined)
  assert.deepEqual(said.platform, { os: 'unknown', architecture: 'unknown' })
  assert.deepEqual(said.annotations, {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': image.digest,
  })
  const manifest = layout.json(said)
  assert.equal(manifest.subject?.digest, image.digest)
  return Object.fromEntries((manifest.layers ?? []).map((layer) => [layer.annotations?.['in-toto.io/predicate-type'], layout.json(layer)]))
}

test('buildx’s own wish for provenance is carried out for pushes and indexes, and leaves other results alone', { skip }, async () => {
  const alone = await layoutOf(scratch)
  assert.ok(alone.json(alone.top).config !== undefined)
  const both = await layoutOf(scratch, '--platform=linux/amd64,linux/arm64')
  assert.deepEqual(
    both.json(both.top).manifests?.map(({ platform }) => platform?.os),
    ['linux', 'linux', 'unknown', 'unknown'],
  )
  await built(scratch, '-o', `${instance.home}/alone`)
  assert.deepEqual(readdirSync(`${instance.home}/alone`), ['a.txt'])
})

test('attestations lie in files beside what was built, about each of its files', { skip }, async () => {
  const files = { ...debian, Dockerfile: 'FROM scratch\nCOPY root /\nCOPY Dockerfile /provenance.json\n' }
  const directory = `${instance.home}/files`
  await built(files, '--provenance=true', '--sbom=true', '-o', directory)
  assert.deepEqual(readdirSync(directory).toSorted(), ['app', 'etc', 'provenance.json', 'sbom.spdx.json', 'var'])
  for (const name of ['provenance.json', 'sbom.spdx.json']) {
    const { subject } = JSON.parse(readFileSync(`${directory}/${name}`, 'utf8')) as {
      subject: { name: string; digest: { sha256: string } }[]
    }
    const status = subject.find((one) => one.name === 'var/lib/dpkg/status')
    assert.equal(status?.digest.sha256, createHash('sha256').update(debian['root/var/lib/dpkg/status']).digest('hex'))
  }
  const tar = `${instance.home}/files.tar`
  const platforms = '--platform=linux/amd64,linux/arm64'
  const shown = await built(files, '--sbom=true', platforms, '-o', `type=tar,attestation-prefix=our-,dest=${tar}`)
  assert.match(shown, /\[linux\/arm64\] generating sbom/)
  const { out } = await instance.command('tar', ['-tf', tar])
  assert.match(out, /^linux_arm64\/our-sbom\.spdx\.json$/m)
})

test('the Dockerfile says which stages and whether the context are scanned too', { skip }, async () => {
  const files = {
    'tools/node_modules/tool/package.json': '{"name": "tool", "version": "1.0.0"}',
    'app/node_modules/app/package.json': '{"name": "app", "version": "2.0.0"}',
    Dockerfile: `ARG BUILDKIT_SBOM_SCAN_CONTEXT=true
FROM scratch AS tools
ARG BUILDKIT_SBOM_SCAN_STAGE
COPY tools /
FROM scratch AS silent
COPY tools /
FROM scratch
COPY app /
COPY --from=tools /node_modules/tool/package.json /copied
COPY --from=silent /node_modules/tool/package.json /copied
`,
  }
  const directory = `${instance.home}/scanned`
  await built(files, '--sbom=true', '--build-arg=BUILDKIT_SBOM_SCAN_STAGE=tools', '-o', directory)
  const names = (file: string): string[] => {
    const { predicate } = JSON.parse(readFileSync(`${directory}/${file}.spdx.json`, 'utf8')) as {
      predicate: { packages: { name: string }[] }
    }
    return predicate.packages.slice(1).map(({ name }) => name)
  }
  assert.deepEqual([names('sbom'), names('sbom-tools'), names('sbom-context')], [['app'], ['tool'], ['app', 'tool']])
  assert.equal(existsSync(`${directory}/sbom-silent.spdx.json`), false)
})

test('the store keeps attestations for whoever pushes or saves the image, and lists them for none', { skip }, async () => {
  await built(scratch, '-t', 'said', '--provenance=true', '--sbom=true')
  const tar = `${instance.home}/said.tar`
  await instance.ok('save', '-o', tar, 'said')
  const layout = await Layout.of(instance, tar)
  assert.deepEqual(Object.keys(statementsIn(layout)), ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v1'])
  await instance.ok('rmi', 'said')
  await instance.ok('load', '-i', tar)
  assert.equal(await instance.ok('images', '-q', 'said').then((ids) => ids.split('\n').length), 1)
})

test('the same files at the same time have the same SBOM', { skip }, async () => {
  const files = { ...debian, Dockerfile: 'FROM scratch\nCOPY root /\n' }
  const digests = new Set<string>()
  for (let again = 0; again < 2; again++)
    digests.add((await layoutOf(files, '--sbom=true', '--provenance=false', '--no-cache', '--build-arg=SOURCE_DATE_EPOCH=1000')).top.digest)
  assert.equal(digests.size, 1)
})

test('an image built for a time has no younger file, as rewrite-timestamp wishes', { skip }, async () => {
  const tar = `${instance.home}/dated.tar`
  await built(scratch, '--build-arg=SOURCE_DATE_EPOCH=1000000000', '-o', `type=oci,rewrite-timestamp=true,dest=${tar}`)
  const layout = await Layout.of(instance, tar)
  const [layer] = layout.json(layout.top).layers ?? []
  const { out } = await instance.command('tar', ['--utc', '-tvf', layout.path(layer ?? { digest: '' })])
  assert.match(out, /2001-09-09 01:46 a\.txt/)
})

test('an attestation manifest without an artifact has a configuration, for older registries', { skip }, async () => {
  const tar = `${instance.home}/plain.tar`
  await built(scratch, '--sbom=true', '-o', `type=oci,oci-artifact=false,dest=${tar}`)
  const layout = await Layout.of(instance, tar)
  const said = layout.json(layout.json(layout.top).manifests?.[1] ?? { digest: '' })
  assert.deepEqual(
    [said.artifactType, said.subject, said.config?.mediaType],
    [undefined, undefined, 'application/vnd.oci.image.config.v1+json'],
  )
})

test('the metadata tell how it was built, though no attestation is asked for, as BuildKit in dockerd has it', { skip }, async () => {
  const metadata = `${instance.home}/origin.json`
  type Told = Readonly<Record<string, Readonly<Record<string, unknown>>>>
  const told = (): Told => JSON.parse(readFileSync(metadata, 'utf8')) as Told
  const files = { Dockerfile: 'FROM box\nARG WORD\nRUN echo $WORD >/said\n' }
  for (const more of [[], ['-t', 'told:1']]) {
    await built(files, '--build-arg', 'WORD=hello', '--metadata-file', metadata, ...more)
    const { buildType, materials, invocation } = told()['buildx.build.provenance'] ?? {}
    assert.equal(buildType, 'https://mobyproject.org/buildkit@v1')
    assert.ok(Array.isArray(materials), readFileSync(metadata, 'utf8'))
    const { parameters, environment } = invocation as {
      parameters: { frontend: string; args: Record<string, string> }
      environment: unknown
    }
    assert.equal(parameters.args['build-arg:WORD'], 'hello')
    assert.ok(environment)
  }
  // All of it, by the variable that buildx has for that.
  const directory = contexts.directory(files)
  const { code, err } = await instance.command('docker', ['buildx', 'build', '--metadata-file', metadata, directory], {
    env: { BUILDX_METADATA_PROVENANCE: 'max' },
  })
  assert.equal(code, 0, err)
  const { buildConfig, metadata: known } = told()['buildx.build.provenance'] ?? {}
  assert.ok(JSON.stringify(buildConfig).includes('step0'), JSON.stringify(told()))
  assert.match(JSON.stringify(known), /"filename":"Dockerfile"/)
  // As of old builds: after a restart, too.
  instance.killDaemon()
  await instance.start()
  const ref = String(told()['buildx.build.ref']).split('/').at(-1) ?? ''
  const shown = await instance.docker('buildx', 'history', 'inspect', ref)
  assert.equal(shown.code, 0, shown.err)
  const attached = await instance.docker('buildx', 'history', 'inspect', 'attachment', ref, '--type', 'provenance')
  assert.match(attached.out, /buildDefinition/, attached.err)
  await built(
    { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' },
    '--platform',
    'linux/amd64,linux/arm64',
    '--metadata-file',
    metadata,
    '-o',
    `type=oci,dest=${instance.home}/several.tar`,
  )
  for (const platform of ['linux/amd64', 'linux/arm64']) assert.ok(told()[`buildx.build.provenance/${platform}`], platform)
})
