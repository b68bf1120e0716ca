import { expect, test } from '@jest/globals'
import { getEventListeners } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { onTestEnd } from '../../../tests/support/on-test-end.ts'
import { type Channel, Link, ROOT } from './link.ts'

const locals = { generateId: () => '', hierarchy: () => undefined }

test('MOD-198: a run in a thread follows the signal that it gets, and leaves no listener on it when it has ended', async () => {
  const { port1, port2 } = new MessageChannel()
  onTestEnd(() => port1.close())
  const passed: AbortSignal[] = []
  const own = new Link(port1 as Channel, () => undefined, locals)
  new Link(port2 as Channel, (_scope, signal) => void passed.push(signal as AbortSignal), locals)
  const controller = new AbortController()
  const listeners = () => getEventListeners(controller.signal, 'abort').length

  for (const scope of [1, 2, 3]) await own.call(scope, ROOT, [controller.signal])
  expect(listeners()).toBe(3)
  own.end(1)
  own.end(2)
  expect(listeners()).toBe(1)
  const aborted = new Promise((resolve) => passed[2]?.addEventListener('abort', resolve))
  controller.abort()
  await aborted
  own.end(3)
  expect(passed.map((signal) => signal.aborted)).toStrictEqual([false, false, true])
  const another = new AbortController()
  await own.call(4, ROOT, [another.signal])
  own.close(new Error('the thread has ended'))
  expect(getEventListeners(another.signal, 'abort')).toHaveLength(0)
})
