import { describe, expect, test } from '@jest/globals'
import { systemClock } from '../../model/clock.ts'
import { StatusError } from '../../model/status.ts'
import { type AccountsClientOptions, HttpAccountsClient } from '../../server/accounts/accounts-client.ts'
import { Tokens } from '../../server/auth/tokens.ts'
import { type AccountsCall, remoteAccounts, workspaceInfo } from '../support/remote-accounts.ts'
import { satisfying } from '../support/expecting.ts'

const tokens = new Tokens('a secret', systemClock.now)
const tokenOf = (claims: object = {}) =>
  tokens.verify(tokens.sign({ email: 'ann', workspace: 'w1', ...claims }))
const ann = tokenOf()

/** A client of a service that the test implements, with a stopped clock. */
async function clientOf(onCall: (call: AccountsCall) => void, options: Partial<AccountsClientOptions> = {}) {
  const service = await remoteAccounts(onCall)
  const clock = { now: 1_000_000 }
  const waits: number[] = []
  const outcomes: string[] = []
  const client = new HttpAccountsClient({
    url: () => service.url,
    now: () => clock.now,
    wait: (milliseconds) => {
      waits.push(milliseconds)
      return Promise.resolve()
    },
    observe: (outcome) => outcomes.push(outcome),
    cacheTime: 5000,
    graceTime: 60_000,
    timeout: 5000,
    tries: 3,
    ...options,
  })
  return { client, service, clock, waits, outcomes }
}

const rejectsWith = async (asking: Promise<unknown>, code: string) =>
  await expect(asking).rejects.toThrow(
    satisfying((error) => error instanceof StatusError && error.status.code === code),
  )

const refusal = { error: { severity: 'ERROR', code: 'platform:status:Forbidden', params: { message: 'no' } } }

describe('a remote accounts service', () => {
  test('ACC-30: the service is called with the raw token, and told whether it is a visit', async () => {
    const { client, service } = await clientOf(({ answer }) => answer(workspaceInfo('w1', { extra: 1 })))
    const info = await client.getWorkspaceInfo(ann)
    expect(info.workspaceId).toBe('w1')
    const tool = tokenOf({ model: 'upgrade' })
    await client.getWorkspaceInfo(tool)
    expect(service.calls.map(({ token, method, params }) => ({ token, method, params }))).toStrictEqual([
      { token: ann.raw, method: 'getWorkspaceInfo', params: [true] },
      { token: tool.raw, method: 'getWorkspaceInfo', params: [false] },
    ])
  })

  test('ACC-31: concurrent questions about one token share one call, and others do not', async () => {
    const { client, service } = await clientOf(() => undefined)
    const bob = tokenOf({ email: 'bob' })
    const asking = [ann, ann, bob, ann].map((token) => client.getWorkspaceInfo(token))
    for (const at of [0, 1]) {
      const { answer } = await service.call(at)
      answer(workspaceInfo())
    }
    expect(await Promise.all(asking)).toHaveLength(4)
    expect(service.calls.map(({ token }) => token).sort()).toStrictEqual([ann.raw, bob.raw].sort())
  })

  test('ACC-32: a response is cached for a limited time by the monotonic clock, until it is invalidated', async () => {
    const { client, service, clock } = await clientOf(({ answer }) => answer(workspaceInfo()))
    const asked = async () => {
      await client.getWorkspaceInfo(ann)
      return service.calls.length
    }
    expect([await asked(), await asked()]).toStrictEqual([1, 1])
    clock.now += 4999
    expect(await asked()).toBe(1)
    clock.now += 1
    expect(await asked()).toBe(2)
    clock.now -= 100_000
    expect(await asked()).toBe(3)
    client.forget('w2')
    expect(await asked()).toBe(3)
    client.forget('w1')
    expect(await asked()).toBe(4)
    client.forget()
    expect(await asked()).toBe(5)
  })

  test('ACC-33: a broken connection and an invalid response are tried again after growing waits', async () => {
    const answers: ((call: AccountsCall) => void)[] = [
      ({ fail }) => fail(),
      ({ answer }) => answer('<html>', 502),
      ({ answer }) => answer(workspaceInfo()),
    ]
    const { client, waits, outcomes } = await clientOf((call) => answers.shift()?.(call))
    expect((await client.getWorkspaceInfo(ann)).workspaceId).toBe('w1')
    expect([waits, outcomes]).toStrictEqual([[100, 200], ['ok']])
  })

  test('ACC-34: a service that does not respond in time is reported as Unavailable after the last try', async () => {
    const { client, service, outcomes } = await clientOf(() => undefined, { timeout: 300, tries: 2 })
    await rejectsWith(client.getWorkspaceInfo(ann), 'platform:status:Unavailable')
    expect(service.calls).toHaveLength(2)
    expect(outcomes).toStrictEqual(['failed'])
    await rejectsWith(client.getWorkspaceInfo(ann), 'platform:status:Unavailable')
    expect(service.calls).toHaveLength(4)
  })

  test('ACC-35: while the service is down a known token stays valid for the grace time, and no longer', async () => {
    let down = false
    const onCall = ({ answer, fail }: AccountsCall) => (down ? fail() : answer(workspaceInfo()))
    const { client, clock, outcomes } = await clientOf(onCall)
    await client.getWorkspaceInfo(ann)
    down = true
    clock.now += 59_999
    expect((await client.getWorkspaceInfo(ann)).workspaceId).toBe('w1')
    await rejectsWith(client.getWorkspaceInfo(tokenOf({ email: 'bob' })), 'platform:status:Unavailable')
    clock.now += 1
    await rejectsWith(client.getWorkspaceInfo(ann), 'platform:status:Unavailable')
    expect(outcomes).toStrictEqual(['ok', 'grace', 'failed', 'failed'])
  })

  test('ACC-36: a refusal is not tried again, and invalidates the cached response of the token', async () => {
    let answers: 'info' | 'refusal' | 'nothing' = 'info'
    const { client, service, clock, waits, outcomes } = await clientOf(({ answer, fail }) => {
      if (answers === 'nothing') fail()
      else answer(answers === 'info' ? workspaceInfo() : refusal)
    })
    await client.getWorkspaceInfo(ann)
    clock.now += 5000
    answers = 'refusal'
    await rejectsWith(client.getWorkspaceInfo(ann), 'platform:status:Forbidden')
    expect([service.calls.length, waits.length]).toStrictEqual([2, 0])
    answers = 'nothing'
    await rejectsWith(client.getWorkspaceInfo(ann), 'platform:status:Unavailable')
    expect(outcomes).toStrictEqual(['ok', 'refused', 'failed'])
  })

  test('ACC-37: a response that describes no workspace is Unavailable, and never admits', async () => {
    const wrong: unknown[] = [{}, [], { result: null }, { result: { workspaceId: 7 } }, { error: 'no' }]
    for (const body of [...wrong, { result: { workspaceId: 'w1', version: '1.2.3' } }]) {
      const { client } = await clientOf(({ answer }) => answer(body))
      await rejectsWith(client.getWorkspaceInfo(ann), 'platform:status:Unavailable')
    }
  })
})
