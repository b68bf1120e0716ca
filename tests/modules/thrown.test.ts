import { describe, expect, test } from '@jest/globals'
import { systemClock } from '../../model/clock.ts'
import { Tokens } from '../../server/auth/tokens.ts'
import { temporaryFolder } from '../support/executable.ts'
import { expectFor } from '../support/expecting.ts'
import { TEST_SECRET } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { respond, session2 } from './calling.ts'
import { addTask, comments, deadLetters, enterModule, startModule } from './running-modules.ts'
import { thrown } from './thrown-values.ts'

const stray = new URL('./stray-module.js', import.meta.url)

async function started() {
  const server = startModule(stray, await temporaryFolder())
  const ann = await enterModule(server, 'w1', { admin: 'true' })
  const url = (await server.url()).replace('http', 'ws')
  const tokens = new Tokens(TEST_SECRET, systemClock.now)
  const token = (email: string): string => tokens.sign({ email, workspace: 'w1' })
  return { server, ann, client: (await session2({ url, token }, 'bob')).client }
}

describe('what modules throw and return', () => {
  test('MOD-200: whatever a trigger or a method throws fails its run, is logged and stored as plain fields, and the server goes on', async () => {
    const { ann, client } = await started()
    // What `split` leaves of the titles.
    const names = Object.keys(thrown).filter((name) => !name.includes(' '))
    for (const [at, name] of names.entries()) {
      await addTask(ann, name)
      await waitUntil(async () => (await deadLetters(ann)).length === at + 1, `the dead letter of ${name}`)
    }
    for (const [at, name] of Object.keys(thrown).entries()) {
      const call = { id: 1000 + at, method: 'stray.throw', params: [name], key: `key ${name}` }
      const { error } = await respond(client, call)
      expectFor(name, (error as { code?: string } | undefined)?.code).toBe(
        'platform:status:InternalServerError',
      )
    }
    await addTask(ann, 'sound')
    await waitUntil(async () => (await comments(ann)).includes('sound'), 'the trigger')
  })

  test('MOD-201: an error that `orderBy`, or the schema of a method, leaves to nobody is logged, and the server goes on', async () => {
    const { ann, client, server } = await started()
    await addTask(ann, 'order')
    await waitUntil(async () => (await comments(ann)).includes('order'), 'the trigger')
    await server.said(/`orderBy` must return a key, not a promise/)
    await expect(client.request('stray.check', ['x'])).rejects.toMatchObject({
      code: 'platform:status:InternalServerError',
    })
    await addTask(ann, 'sound')
    await waitUntil(async () => (await comments(ann)).includes('sound'), 'the trigger')
  })

  test('MOD-202: what a module does later to a result that it returned does not change the outcome of the call', async () => {
    const { client } = await started()
    const keep = async (id: number, key: string): Promise<unknown> =>
      (await respond(client, { id, method: 'stray.keep', params: [], key })).result
    expect(await keep(1, 'a')).toStrictEqual({ count: 1 })
    expect(await keep(2, 'b')).toStrictEqual({ count: 2 })
    expect(await keep(3, 'a')).toStrictEqual({ count: 1 })
  })
})
