import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingSettingIn } from './missing-setting.ts'

test('the variable that a program says it lacks is found, however it says so', () => {
  const of = (...log: string[]): string | undefined => missingSettingIn(log)?.variable
  assert.equal(of("KeyError: 'DATABASE_URL'"), 'DATABASE_URL')
  assert.equal(of('sh: 1: GREETING: parameter not set'), 'GREETING')
  assert.equal(of('/start.sh: line 3: API_KEY: unbound variable'), 'API_KEY')
  assert.equal(of('Error: Environment variable not found: DATABASE_URL.'), 'DATABASE_URL')
  assert.equal(of('fatal: JWT_SECRET is not set'), 'JWT_SECRET')
  assert.equal(of('Error: missing required environment variable STRIPE_KEY'), 'STRIPE_KEY')
  assert.equal(of('required key DB_URL missing value'), 'DB_URL')
  assert.equal(of('django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.'), 'SECRET_KEY')
  assert.equal(of("Could not resolve placeholder 'spring.datasource.url' in value"), 'SPRING_DATASOURCE_URL')
  assert.equal(
    of(
      'Error: Database is uninitialized and superuser password is not specified.',
      '       You must specify POSTGRES_PASSWORD to a non-empty value',
    ),
    'POSTGRES_PASSWORD',
  )
  assert.equal(
    of(
      '    You need to specify one of the following as an environment variable:',
      '    - MYSQL_ROOT_PASSWORD',
      '    - MYSQL_ALLOW_EMPTY_PASSWORD',
    ),
    'MYSQL_ROOT_PASSWORD',
  )
})

test('other lines with words in capitals are not taken for one', () => {
  for (const line of [
    'ERROR: relation "USERS" does not exist',
    "KeyError: 'name'",
    'SQLSTATE[HY000]: General error',
    'LOG_LEVEL is set to info',
    'GET /api 404 not found',
    'HTTP_ERROR 500 while loading',
  ])
    assert.equal(missingSettingIn([line]), undefined, line)
})
