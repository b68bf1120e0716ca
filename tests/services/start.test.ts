import { expect, test } from '@jest/globals'
import { atrium, RunningAtrium, temporaryFolder } from '../support/executable.ts'
import { freePort } from './child-process.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { withMongo } from './with-mongo.ts'
import { onTestEnd } from '../support/on-test-end.ts'

await withMongo(({ url }) => {
  const settingsOf = (data: string, mongoUrl: string) => ({
    ATRIUM_DATA: data,
    ATRIUM_PORT: '0',
    ATRIUM_DEMO: '0',
    ATRIUM_STORAGE: 'mongodb',
    ATRIUM_MONGO_URL: mongoUrl,
    ATRIUM_MONGO_PREFIX: 'start-',
    ATRIUM_LOG_LEVEL: 'warn',
  })

  test('STO-107: a start waits for MongoDB with a line every few seconds, and continues when it is available', async () => {
    const proxy = await cuttingProxy(url)
    onTestEnd(() => proxy.close())
    proxy.refuse(true)
    const settings = settingsOf(await temporaryFolder(), proxy.url)
    const server = new RunningAtrium(['start'], settings)
    await server.said(/does not answer.*\n/)
    proxy.refuse(false)
    await server.line(/listening/)
    for (const line of server.stderr.trim().split('\n')) {
      const { msg } = JSON.parse(line) as { msg: string }
      expect(msg).toMatch(
        /^MongoDB at 127\.0\.0\.1:\d+ does not answer: .*; it is asked again for some seconds$/,
      )
    }
  })

  test('STO-107: a start that waited in vain names the MongoDB server that did not respond, and a stopped start ends', async () => {
    const nowhere = `mongodb://127.0.0.1:${await freePort()}/`
    const settings = settingsOf(await temporaryFolder(), nowhere)
    const late = await atrium(['start'], { ...settings, ATRIUM_MONGO_WAIT: '0' })
    expect(late.code).toBe(1)
    const expected =
      /^atrium: MongoDB at 127\.0\.0\.1:\d+ does not answer: ECONNREFUSED; ATRIUM_MONGO_WAIT is how many/m
    expect(late.stderr).toMatch(expected)
    const server = new RunningAtrium(['start'], settings)
    await server.said(/ECONNREFUSED/)
    expect(await server.end('SIGTERM')).toBe(0)
  })
})
