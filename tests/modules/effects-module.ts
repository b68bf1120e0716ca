// A module with an effect of each kind for each item. `EFFECTS` decides how it runs, `FAILURES` how often runs fail.
import { z } from 'zod'
import { any, number, string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import type { DocumentOf } from '../../model/class-ref.ts'
import type { Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { job } from '../../pipeline/modules/job.ts'
import { type AtriumModule, serviceMethod } from '../../pipeline/modules/module.ts'
import type { AsyncContext } from '../../pipeline/modules/trigger.ts'

const builder = createModelBuilder('effects')

const Item = builder.class('Item', {
  extends: core.class.Doc,
  domain: 'effects',
  attributes: { key: string({ required: true }), by: string({ required: true }) },
})
/** One effect of one item. */
const Effect = builder.class('Effect', {
  extends: core.class.Doc,
  domain: 'effects',
  attributes: { kind: string({ required: true }), item: string({ required: true }) },
})
/** The items of a key, in the order in which the asynchronous trigger saw them, and the number that the method made. */
const Journal = builder.class('Journal', {
  extends: core.class.Doc,
  domain: 'effects',
  attributes: { items: any<string[]>(), made: number({ default: 0 }) },
})

export type Item = DocumentOf<typeof Item>
export type Effect = DocumentOf<typeof Effect>
export type Journal = DocumentOf<typeof Journal>

export const effects = { class: { Item, Effect, Journal } }
export const SPACE = core.space.Configuration

const { concurrency = 1, failures = 0 } = JSON.parse(process.env['EFFECTS'] ?? '{}') as {
  concurrency?: number
  failures?: number
}

export function journalOf(key: string): { _id: Ref; _class: typeof Journal; space: typeof SPACE } {
  return { _id: `journal-${key}` as Ref, _class: Journal, space: SPACE }
}

/** Some runs fail, as those of real modules do. */
function maybeFail(): void {
  if (Math.random() < failures) throw new Error('a service is away')
}

const effect = ({ bySystem }: Pick<AsyncContext, 'bySystem'>, kind: string, item: string): TxCUD =>
  bySystem.create(Effect, SPACE, { kind, item })

const keyOf = (tx: TxCUD): string => (tx as unknown as { attributes: { key: string } }).attributes.key

const onItems = { classes: [Item], transactions: [core.class.TxCreateDoc] }

const module: AtriumModule = {
  name: 'effects',
  model: builder.transactions(),
  triggers: [
    {
      kind: 'sync',
      name: 'at-once',
      on: onItems,
      run: (context, { objectId }) => [
        effect(context, 'sync', objectId),
        context.runAfter(Math.random() * 30, 'later', { item: objectId }),
      ],
    },
    {
      kind: 'async',
      name: 'soon',
      on: onItems,
      concurrency,
      orderBy: keyOf,
      retry: { first: '1ms', max: '20ms' },
      run: async (context, tx) => {
        maybeFail()
        await context.get(Item, tx.objectId)
        maybeFail()
        const push = context.bySystem.update(journalOf(keyOf(tx)), { $push: { items: tx.objectId } })
        return [effect(context, 'async', tx.objectId), push]
      },
    },
  ],
  jobs: {
    later: job({
      params: z.object({ item: z.string() }),
      run: async (context, { item }) => {
        maybeFail()
        await context.get(Item, item as Ref<Item>)
        return [effect(context, 'job', item)]
      },
    }),
  },
  methods: {
    add: serviceMethod({
      params: z.tuple([z.object({ key: z.string(), ids: z.array(z.string()) })]),
      run: async ({ transaction }, [{ key, ids }]) =>
        await transaction(async (t) => {
          const journal = await t.get(Journal, journalOf(key)._id as Ref<Journal>)
          const made = (journal?.made ?? 0) + ids.length
          const items = ids.map((id) =>
            t.factory.create(Item, SPACE, { key, by: 'method' }, { _id: id as Ref }),
          )
          t.commit([...items, t.factory.update(journalOf(key), { made })])
          return made
        }),
    }),
  },
}

export default module
