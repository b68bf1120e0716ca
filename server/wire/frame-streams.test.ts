import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import { type Frame, textFrame } from './frame.ts'
import { type FrameSource, FrameStreams } from './frame-streams.ts'

/** A source whose frames come when the test says so. */
class ScriptedSource implements FrameSource {
  readonly name: string
  readonly asked: ((frame: Frame | undefined) => void)[] = []
  closed = 0

  constructor(name: string) {
    this.name = name
  }

  next(): Promise<Frame | undefined> {
    return new Promise((resolve) => this.asked.push(resolve))
  }

  close(): void {
    this.closed += 1
  }
}

const instant = (...texts: string[]): FrameSource => {
  const frames = texts.map(textFrame)
  return { next: () => frames.shift(), close: () => undefined }
}
const text = (frame: Frame | undefined) => frame?.subarray(2).toString()

test('STO-74: a long answer that has to be waited for holds up no other, and goes on in its order', async () => {
  let ready = 0
  const streams = new FrameStreams(() => (ready += 1))
  const slow = new ScriptedSource('slow')
  streams.add(slow)
  streams.add(instant('a1', 'a2'))
  assert.equal(text(streams.take()), 'a1')
  assert.equal(text(streams.take()), 'a2')
  assert.equal(streams.take(), undefined)
  assert.deepEqual([slow.asked.length, streams.isReady, streams.size], [1, false, 1])
  slow.asked[0]?.(textFrame('s1'))
  await tick()
  assert.deepEqual([ready, streams.isReady], [1, true])
  assert.equal(text(streams.take()), 's1')
  assert.equal(streams.take(), undefined)
  slow.asked[1]?.(undefined)
  await tick()
  assert.deepEqual([slow.closed, streams.size, ready], [1, 0, 2])
})

test('STO-74: of one connection’s long answers few are waited for at once, and what is there is taken meanwhile', async () => {
  const streams = new FrameStreams(() => undefined)
  const sources = Array.from({ length: 6 }, (_, at) => new ScriptedSource(`${at}`))
  for (const source of sources) streams.add(source)
  assert.equal(streams.take(), undefined)
  assert.deepEqual(
    sources.map(({ asked }) => asked.length),
    [1, 1, 1, 1, 0, 0],
  )
  assert.equal(streams.isReady, false)
  sources[1]?.asked[0]?.(textFrame('x'))
  await tick()
  assert.equal(text(streams.take()), 'x')
  streams.take()
  assert.equal(sources[4]?.asked.length, 1)
})

test('STO-74: when a connection closes each of its long answers is closed once, one that is waited for too', async () => {
  const streams = new FrameStreams(() => assert.fail('nothing is ready any more'))
  const [waiting, untouched] = [new ScriptedSource('waiting'), new ScriptedSource('untouched')]
  streams.add(waiting)
  streams.take()
  streams.add(untouched)
  streams.close()
  waiting.asked[0]?.(textFrame('late'))
  await tick()
  assert.deepEqual([waiting.closed, untouched.closed, streams.take()], [1, 1, undefined])
})
