import { describe, expect, test } from '@jest/globals'
import { setImmediate as tick } from 'node:timers/promises'
import { type Frame, textFrame } from './frame.ts'
import { type FrameSource, FrameStreams } from './frame-streams.ts'

/** A source whose frames arrive when the test sends them. */
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

describe('long responses of a connection', () => {
  test('STO-74: a long response that waits for storage delays no other, and its chunks are in order', async () => {
    let ready = 0
    const streams = new FrameStreams(() => (ready += 1))
    const slow = new ScriptedSource('slow')
    streams.add(slow)
    streams.add(instant('a1', 'a2'))
    expect(text(streams.take())).toBe('a1')
    expect(text(streams.take())).toBe('a2')
    expect(streams.take()).toBeUndefined()
    expect([slow.asked.length, streams.isReady, streams.size]).toStrictEqual([1, false, 1])
    slow.asked[0]?.(textFrame('s1'))
    await tick()
    expect([ready, streams.isReady]).toStrictEqual([1, true])
    expect(text(streams.take())).toBe('s1')
    expect(streams.take()).toBeUndefined()
    slow.asked[1]?.(undefined)
    await tick()
    expect([slow.closed, streams.size, ready]).toStrictEqual([1, 0, 2])
  })

  test('STO-74: a connection waits for few of its long responses at once, and available ones are sent meanwhile', async () => {
    const streams = new FrameStreams(() => undefined)
    const sources = Array.from({ length: 6 }, (_, at) => new ScriptedSource(`${at}`))
    for (const source of sources) streams.add(source)
    expect(streams.take()).toBeUndefined()
    expect(sources.map(({ asked }) => asked.length)).toStrictEqual([1, 1, 1, 1, 0, 0])
    expect(streams.isReady).toBe(false)
    sources[1]?.asked[0]?.(textFrame('x'))
    await tick()
    expect(text(streams.take())).toBe('x')
    streams.take()
    expect(sources[4]?.asked.length).toBe(1)
  })

  test('STO-74: a closing connection closes each of its long responses once, including one that is waited for', async () => {
    const streams = new FrameStreams(() => {
      throw new Error('nothing is ready any more')
    })
    const [waiting, untouched] = [new ScriptedSource('waiting'), new ScriptedSource('untouched')]
    streams.add(waiting)
    streams.take()
    streams.add(untouched)
    streams.close()
    waiting.asked[0]?.(textFrame('late'))
    await tick()
    expect([waiting.closed, untouched.closed, streams.take()]).toStrictEqual([1, 1, undefined])
  })
})
