import { expect, test } from '@jest/globals'
import type { ClassRef } from '../../../model/class-ref.ts'
import type { Doc, Ref, Space } from '../../../model/documents.ts'
import { embeddedBackend } from '../../crash/backend.ts'
import { readStoredLog } from '../../crash/check-storage.ts'
import { createSpace, eventually, ISOLATIONS, World, WORKSPACE } from './world.ts'

interface Message extends Doc {
  text: string
  number?: number
}

const Message = 'chat:class:Message' as ClassRef<Message>
const EACH = 25
const WRITERS = 3

/** Ids of the messages of a channel in the order of the log. */
async function logged(data: string, channel: Ref<Space>): Promise<string[]> {
  const log = await readStoredLog(embeddedBackend(data), WORKSPACE)
  const creations = log.filter(
    ({ tx }) => tx._class === 'core:class:TxCreateDoc' && tx.objectClass === Message,
  )
  return creations.filter(({ tx }) => tx.objectSpace === channel).map(({ tx }) => tx.objectId)
}

test.each(ISOLATIONS)(
  'MOD-193: an application of chats numbers the messages of each channel in the order of the log, over cut lines and `kill -9`, and streams them live (isolation: %s)',
  async (isolation) => {
    const world = await World.make('chat', isolation)
    await world.start()
    const reader = world.client('reader')
    const channels: Ref<Space>[] = []
    for (const name of ['a', 'b'])
      channels.push(await createSpace(reader, name, undefined, 'chat:class:Channel'))
    const [first = '' as Ref<Space>] = channels
    const counts: number[] = []
    reader.live<number>('chat.unread', [{ channel: first, after: 0 }], (count) => counts.push(count))
    await eventually(() => counts.length === 1, 'the first count')

    const writers = Array.from({ length: WRITERS }, (_, at) => world.client(`writer-${at}`))
    const sent = writers.flatMap((writer) =>
      channels.flatMap((channel) =>
        Array.from({ length: EACH }, (_, at) =>
          writer.createDoc(Message, channel, { text: `message ${at}` }),
        ),
      ),
    )
    await sent[0]
    world.cut()
    await sent[EACH]
    await world.kill()
    await world.start()
    await Promise.all(sent)
    const total = WRITERS * EACH
    await eventually(() => counts.at(-1) === total, 'the live count')
    expect(counts[0]).toBe(0)
    expect(counts).toStrictEqual(counts.toSorted((a, b) => a - b))

    const streamed: number[] = []
    for await (const { number } of reader.stream<{ number: number }>('chat.history', [first]))
      streamed.push(number)
    expect(streamed).toStrictEqual(Array.from({ length: total }, (_, at) => at + 1))
    const left: number[] = []
    for await (const { number } of reader.stream<{ number: number }>('chat.history', [first])) {
      left.push(number)
      if (number === 2) break
    }
    expect(left).toStrictEqual([1, 2])

    const numbered = async () => await reader.findAll(Message, { number: { $exists: true } })
    await eventually(async () => (await numbered()).length === 2 * total, 'all numbers')
    const messages = await reader.findAll(Message, {}, { sort: { number: 1 } })
    await world.stop()
    for (const channel of channels) {
      const inChannel = messages.filter(({ space }) => space === channel)
      expect(inChannel.map(({ number }) => number)).toStrictEqual(streamed)
      expect(inChannel.map(({ _id }) => _id)).toStrictEqual(await logged(world.data, channel))
    }
  },
)
