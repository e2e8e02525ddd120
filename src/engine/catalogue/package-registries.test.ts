import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packageRegistries } from './package-registries.ts'

const nothing = (): undefined => undefined

test("the host's registries are found where each program keeps them, the nearest first", () => {
  const files: Readonly<Record<string, string>> = {
    '/etc/npmrc': 'registry=https://far.example/npm/\n',
    '/home/me/.npmrc': '//near.example/:_authToken=secret\nregistry = "https://near.example/npm/"\n',
    '/etc/pip.conf': '[global]\nindex-url = https://pip.example/simple\n; extra-index-url = https://no.example\n',
    '/home/me/.config/go/env': 'GOPROXY=https://go.example|direct\n',
  }
  const { npmrc, environment } = packageRegistries({ HOME: '/home/me' }, (path) => files[path])
  assert.equal(npmrc, 'registry=https://near.example/npm/\nomit-lockfile-registry-resolved=true\n')
  assert.deepEqual(environment, {
    COREPACK_NPM_REGISTRY: 'https://near.example/npm/',
    PIP_INDEX_URL: 'https://pip.example/simple',
    GOPROXY: 'https://go.example|direct',
  })
})

test('the environment counts before files', () => {
  const { npmrc } = packageRegistries({ NPM_CONFIG_REGISTRY: 'https://env.example' }, () => 'registry=https://file.example')
  assert.match(npmrc, /^registry=https:\/\/env\.example\n/)
})

test('neither credentials nor what no container reaches is handed on', () => {
  const environment = {
    npm_config_registry: 'https://me:secret@npm.example/',
    PIP_INDEX_URL: 'http://localhost:3141/simple',
    PIP_EXTRA_INDEX_URL: 'https://fine.example/simple file:///opt/simple',
    GOPROXY: 'http://127.0.0.1:3000,direct',
  }
  assert.deepEqual(packageRegistries(environment, nothing), { npmrc: '', environment: {} })
  assert.deepEqual(packageRegistries({}, nothing), { npmrc: '', environment: {} })
})
