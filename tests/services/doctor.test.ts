import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { probeMongo, flawOf } from '../../storage/mongodb/driver/probe.ts'
import { atrium, temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'
import { withEachMongo } from './with-mongo.ts'
import { expectFor, expectThat } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

async function doctor(url: string, env: Record<string, string> = {}): Promise<string[]> {
  const data = await temporaryFolder()
  const settings = { ATRIUM_DATA: data, ATRIUM_PORT: '0', ATRIUM_STORAGE: 'mongodb', ATRIUM_MONGO_URL: url }
  const { stdout } = await atrium(['doctor'], { ...settings, ...env })
  return stdout.split('\n').filter((line) => line.includes('MongoDB'))
}

test('STO-59: the configuration of docker-compose.yml is accepted, and doctor names the MongoDB server', async () => {
  const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
  const settings = [...compose.matchAll(/^ {6}(ATRIUM_\w+): (.+)$/gm)].map(([, name, value]) => [name, value])
  const env = Object.fromEntries(settings) as Record<string, string>
  expect(env['ATRIUM_STORAGE']).toBe('mongodb')
  const [line = ''] = await doctor('', env)
  expect(line).toMatch(/^FAIL MongoDB at mongodb:27017 does not answer/)
})

test('STO-108: a member of another replica set, a secondary, and a server without a replica set are distinguished', () => {
  const primary = { isWritablePrimary: true, setName: 'atrium' }
  expect(flawOf(primary, 'atrium')).toBeUndefined()
  expect(flawOf({ ismaster: true }, undefined)).toBeUndefined()
  for (const [hello, wanted, kind, reason] of [
    [primary, 'other', 'wrong', /^is of replica set atrium, and the connection string asks for other$/],
    [{ ismaster: true }, 'atrium', 'wrong', /^is in no replica set, and/],
    [{ isreplicaset: true }, 'atrium', 'away', /^has no replica set yet: atrium has to be initiated$/],
    [{ setName: 'atrium', secondary: true }, 'atrium', 'away', /^is not the primary of replica set atrium/],
    [{ setName: 'atrium', secondary: true }, undefined, 'away', /directConnection/],
    [{ ismaster: false }, undefined, 'away', /^takes no writes/],
  ] as const) {
    const flaw = flawOf(hello, wanted)
    expect(flaw?.kind).toBe(kind)
    expect(flaw?.reason ?? '').toMatch(reason)
  }
})

await withEachMongo(({ url, name }) => {
  const { host } = new URL(url.replace('mongodb:', 'http:'))

  test(`STO-59: doctor reports the version of MongoDB, and whether it is writable (${name})`, async () => {
    const [line = ''] = await doctor(url)
    expect(line).toMatch(/^ok {3}MongoDB at 127\.0\.0\.1:\d+ is \d+\.\d+/)
  })

  test(`STO-109: doctor writes, indexes and reads a probe document in MongoDB, and leaves nothing (${name})`, async () => {
    const [, line = ''] = await doctor(url, { ATRIUM_MONGO_PREFIX: 'd-' })
    expect(line).toMatch(/^ok {3}MongoDB at 127\.0\.0\.1:\d+ writes, indexes and reads a probe in \d+ ms$/)
    const client = new MongoClient(url)
    try {
      expect(await client.db('d-doctor').listCollections().toArray()).toStrictEqual([])
    } finally {
      await client.close()
    }
  })

  test(`STO-108: doctor and start report a wrong replica set and wrong credentials (${name})`, async () => {
    for (const [wrong, reason] of [
      [`mongodb://u:hush@${host}/`, /refuses (the credentials of the connection string|to answer): /],
      [
        `mongodb://${host}/?replicaSet=nope`,
        /is in no replica set, and the connection string asks for nope$/,
      ],
    ] as const) {
      const [line = ''] = await doctor(wrong)
      expect(line).toMatch(/^FAIL MongoDB at 127/)
      expect(line).toMatch(reason)
      expect(line).not.toMatch(/hush/)
      const env = { ATRIUM_DATA: await temporaryFolder(), ATRIUM_PORT: '0', ATRIUM_MONGO_URL: wrong }
      const { code, stderr } = await atrium(['start', '--storage', 'mongodb'], env)
      expectFor(stderr, code).toBe(2)
      const [complaint = '', ...more] = stderr.trim().split('\n')
      expect(complaint).toMatch(/^ATRIUM_MONGO_URL: MongoDB at 127/)
      expect(complaint).toMatch(reason)
      expect(more).toStrictEqual([])
    }
  })
})

test('STO-108: a wrong connection string is reported with its error, and without its password', async () => {
  const host = '127.0.0.1:1'
  const encoded = /^cannot be asked: .* encode special characters of a password as %XX$/
  for (const [wrong, expected] of [
    [`mongodb://${host}/?nonsense=1`, /the connection string is wrong: option nonsense is not supported$/],
    [`mongodb://${host}/?readPreference=nope`, /is wrong: Invalid read preference mode "nope"$/],
    [`mongodb://${host}/?connectTimeoutMS=abc`, /is wrong: Expected connectTimeoutMS to be stringified int/],
    [
      `mongodb://${host},${host}/?directConnection=true`,
      /directConnection option requires exactly one host$/,
    ],
    ['mongodb://', /is wrong: Protocol and host list are required in the uri$/],
    ['http://u:hush@h', /is wrong: Invalid scheme/],
    [`mongodb://u:hu?hush=1@${host}/`, encoded],
    [`mongodb://u:p@hush@${host}/`, encoded],
    [`mongodb://u:hush%zz@${host}/`, /is wrong: /],
  ] as const) {
    const answer = await probeMongo(wrong)
    expectThat(answer.kind === 'wrong', wrong)
    expect(answer.reason).toMatch(expected)
    expect(answer.reason).not.toMatch(/hu\?|hush/)
  }
})

test('STO-108: doctor reports that the responding server is not MongoDB', async () => {
  const stranger = createServer((_request, response) => response.end('hello'))
  stranger.listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  onTestEnd(() => stranger.close())
  const { port } = stranger.address() as AddressInfo
  const [line = ''] = await doctor(`mongodb://127.0.0.1:${port}/`)
  expect(line).toMatch(/^FAIL MongoDB at 127\.0\.0\.1:\d+ does not answer: /)
})
