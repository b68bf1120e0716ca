import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { board } from '../../examples/board/model.ts'
import type { Ref } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import { ann, modulePipeline } from '../../tests/support/test-pipeline.ts'
import { waitUntil } from '../../tests/support/wait-until.ts'
import type { MethodLimits } from '../modules/method-limits.ts'
import { serviceMethod } from '../modules/module.ts'
import type { MethodCall } from '../modules/method-call.ts'
import { systemCaller } from '../shared/caller.ts'
import { CallEnding } from './call-ending.ts'

const space = 'board:project:test' as Ref<never>

/** A method that creates a task with the title that it is given, or only counts. */
async function counting(methodLimits: Partial<MethodLimits>, now?: () => number) {
  let count = 0
  const run = async ({ commit, factory }: MethodCall, [title]: [string]) => {
    count += 1
    if (title !== '') await commit([factory.create(board.class.Task, space, { title })])
    return count
  }
  const method = serviceMethod({ params: z.tuple([z.string()]), run })
  const made = await modulePipeline(
    { methods: { count: method } },
    { methodLimits },
    now === undefined ? {} : { now },
  )
  const { pipeline } = made
  const call = (key: string, title: string, again?: { instance: string; age: number }) =>
    pipeline.methods.call({
      name: 'test.count',
      method,
      caller: ann,
      params: [title],
      rawParams: [title],
      key,
      again,
      ending: new CallEnding(),
    })
  const outcomes = async () =>
    await pipeline.find(systemCaller, {
      _class: 'module:class:CallOutcome' as Ref<never>,
      query: {},
      options: {},
    })
  return { pipeline, call, outcomes, runs: () => count }
}

const codeOf = (error: unknown) => (error instanceof StatusError ? error.status.code : error)

describe('outcomes of calls', () => {
  test('MOD-69: outcomes are bounded in number, in memory and in storage', async () => {
    const { pipeline, call, outcomes, runs } = await counting({ calls: 2, outcomes: 3 })
    for (let at = 0; at < 9; at++) await call(`k${at}`, `title ${at}`)
    await waitUntil(async () => ((await outcomes()) as unknown[]).length === 3, 'a sweep')
    const again = { instance: pipeline.methods.instance, age: 60_000 }
    // In storage, in the log alone, and in neither.
    expect(await call('k8', 'title 8', again)).toBe(9)
    expect(await call('k7', 'title 7', again)).toBe(8)
    const old = call('k0', 'title 0', again)
    await expect(old).rejects.toThrow('OutcomeUnknown {"method":"test.count","committed":true}')
    await call('none', '')
    for (const key of ['a', 'b', 'c']) await call(key, '')
    const forgotten = await call('none', '', again).catch(codeOf)
    expect(forgotten).toBe('platform:status:OutcomeUnknown')
    expect(runs()).toBe(13)
    await pipeline.close()
  })

  test('MOD-69: outcomes are bounded in time', async () => {
    let now = 1_000_000
    const { pipeline, call, outcomes } = await counting({ outcomes: 20, outcomeTime: 1000 }, () => now)
    for (const key of ['a', 'b']) await call(key, key)
    await waitUntil(async () => ((await outcomes()) as unknown[]).length === 2, 'two outcomes')
    now += 2000
    for (const key of ['c', 'd']) await call(key, key)
    await waitUntil(async () => ((await outcomes()) as unknown[]).length === 2, 'a sweep')
    await pipeline.close()
  })
})

describe('calls whose session has ended', () => {
  test('MOD-71: a call with a key goes on for a time, and is aborted when nobody comes back for it', async () => {
    let resolve: (reason: unknown) => void = () => undefined
    const aborted = new Promise<unknown>((settle) => (resolve = settle))
    const run = ({ signal }: MethodCall) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          resolve(signal.reason)
          reject(signal.reason as Error)
        })
      })
    const method = serviceMethod({ params: z.array(z.unknown()), run })
    const { pipeline } = await modulePipeline(
      { methods: { wait: method } },
      { methodLimits: { orphanTime: 20 } },
    )
    const call = (ending: CallEnding) =>
      pipeline.methods
        .call({ name: 'test.wait', method, caller: ann, params: [], rawParams: [], key: 'k', ending })
        .catch(codeOf)
    const [first, second] = [new CallEnding(), new CallEnding()]
    const calls = [call(first), call(second)]
    first.end('cancelled')
    // The second still waits.
    expect(await Promise.race([aborted, new Promise((done) => setImmediate(done, 'goes on'))])).toBe(
      'goes on',
    )
    second.end('gone')
    expect(String(await aborted)).toContain('platform:status:Cancelled')
    expect(await Promise.all(calls)).toStrictEqual(['platform:status:Cancelled', 'platform:status:Cancelled'])
    await pipeline.close()
  })
})
