import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { atrium, temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'
import { withMongo } from './with-mongo.ts'

test('STO-59: what docker-compose.yml configures is taken, and doctor names the MongoDB it asks', async (context) => {
  const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
  const settings = [...compose.matchAll(/^ {6}(ATRIUM_\w+): (.+)$/gm)].map(([, name, value]) => [name, value])
  const env = Object.fromEntries(settings) as Record<string, string>
  assert.equal(env['ATRIUM_STORAGE'], 'mongodb')
  const data = await temporaryFolder(context)
  const { code, stdout } = await atrium(['doctor'], { ...env, ATRIUM_DATA: data, ATRIUM_PORT: '0' })
  assert.equal(code, 1)
  assert.match(stdout, /^FAIL MongoDB at mongodb:27017 does not answer/m)
})

await withMongo(({ url }) => {
  test('STO-59: doctor asks MongoDB for its version and whether it can be written', async (context) => {
    const data = await temporaryFolder(context)
    const env = { ATRIUM_DATA: data, ATRIUM_PORT: '0', ATRIUM_STORAGE: 'mongodb', ATRIUM_MONGO_URL: url }
    const { stdout } = await atrium(['doctor'], env)
    const line = stdout.split('\n').find((each) => each.includes('MongoDB'))
    assert.match(line ?? '', /^ok {3}MongoDB at 127\.0\.0\.1:\d+ is \d+\.\d+/)
  })
})
