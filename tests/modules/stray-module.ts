// A module of an application whose trigger leaves an error to nobody, in the way that the title of the task names.
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { z } from 'zod'
import { type AtriumModule, serviceMethod } from '../../pipeline/modules/module.ts'
import { fail, failLater, ways } from './stray-ways.ts'
import { throws } from './thrown-values.ts'

if (process.env['STRAY_AT_IMPORT'] === '1') setTimeout(fail, 1)

const counted = { count: 0 }

function attributesOf(tx: TxCUD): { title?: string } {
  return 'attributes' in tx ? (tx.attributes as { title?: string }) : {}
}

const stray: AtriumModule = {
  name: 'stray',
  model: [],
  methods: {
    leave: serviceMethod({
      params: z.tuple([z.string()]),
      run: async (_call, [way]) => {
        ways[way]?.(undefined)
        await new Promise(() => undefined)
      },
    }),
    throw: serviceMethod({ params: z.tuple([z.string()]), run: (_call, [way]) => throws(way) }),
    check: serviceMethod({
      params: z.tuple([z.string().refine(async () => await failLater())]),
      run: () => null,
    }),
    keep: serviceMethod({
      params: z.tuple([]),
      run: () => {
        counted.count += 1
        return counted
      },
    }),
  },
  triggers: [
    {
      kind: 'sync',
      name: 'leave-at-once',
      on: { classes: [board.class.Project], transactions: [core.class.TxCreateDoc] },
      run: async ({ after }) => {
        const { name = '' } = (after ?? {}) as { name?: string }
        ways[name]?.(undefined)
        if (name in ways) await new Promise(() => undefined)
        return []
      },
    },
    {
      kind: 'async',
      name: 'leave',
      on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] },
      retry: { attempts: 1 },
      orderBy: (tx) => {
        const { title } = attributesOf(tx)
        // An application in JavaScript may return anything.
        return title === 'order' ? (failLater() as unknown as string) : tx.objectId
      },
      timeout: '50ms',
      run: async (context, { objectId }) => {
        const task = await context.get(board.class.Task, objectId)
        const [way = '', when] = task?.title.split(' ') ?? []
        throws(way)
        ways[way]?.(context)
        // Otherwise the run has ended before the error.
        if (way === 'ends') setTimeout(() => process.exit(7), 1)
        if ((when !== 'after' && way in ways) || way === 'ends') await new Promise(() => undefined)
        return task === undefined
          ? []
          : [context.bySystem.attach(task, 'comments', board.class.Comment, { message: task.title })]
      },
    },
  ],
}

export default stray
