// Channels with messages, which get consecutive numbers in the order in which they were sent.
import { core, createModelBuilder, number, string } from 'atrium/model'
import { z } from 'zod'

const builder = createModelBuilder('chat')

/** Its members see its messages. */
const Channel = builder.class('Channel', {
  extends: core.class.Space,
  attributes: { count: number({ default: 0 }) },
})

const Message = builder.class('Message', {
  extends: core.class.Doc,
  domain: 'chat-message',
  attributes: { text: string({ required: true }), number: number() },
  indexes: [
    [
      ['space', 1],
      ['number', 1],
    ],
  ],
})

const PAGE = 20

export default {
  name: 'chat',
  model: builder.transactions(),
  triggers: [
    {
      kind: 'async',
      name: 'number',
      on: { classes: [Message], transactions: ['core:class:TxCreateDoc'] },
      orderBy: (tx) => tx.objectSpace,
      concurrency: 4,
      run: async ({ get, bySystem }, { objectId, objectSpace }) => {
        const channel = await get(Channel, objectSpace)
        const message = await get(Message, objectId)
        if (channel === undefined || message === undefined) return []
        const count = channel.count + 1
        return [bySystem.update(channel, { count }), bySystem.update(message, { number: count })]
      },
    },
  ],
  methods: {
    /** Messages after a number that was read, while they come. */
    unread: {
      params: z.tuple([z.object({ channel: z.string(), after: z.number() })]),
      live: true,
      run: async ({ findAll }, [{ channel, after }]) =>
        (await findAll(Message, { space: channel, number: { $gt: after } })).length,
    },
    /** Streams the texts of a channel, oldest first. */
    history: {
      params: z.tuple([z.string()]),
      run: async function* ({ findAll, log, signal }, [channel]) {
        let last = 0
        try {
          for (;;) {
            signal.throwIfAborted()
            const query = { space: channel, number: { $gt: last } }
            const page = await findAll(Message, query, { sort: { number: 1 }, limit: PAGE })
            for (const { text, number } of page) yield { text, number }
            if (page.length < PAGE) return
            last = page.at(-1).number
          }
        } finally {
          log.info({ last }, 'a history ended')
        }
      },
    },
  },
}
