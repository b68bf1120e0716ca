// Requests for money: drafted, submitted, approved by somebody else within a budget, or rejected.
import { core, createModelBuilder, enumOf, number, refTo, StatusError, string } from 'atrium/model'
import { z } from 'zod'

const builder = createModelBuilder('approval')
const Status = builder.enum('Status', ['draft', 'submitted', 'approved', 'rejected'])

const Budget = builder.class('Budget', {
  extends: core.class.Doc,
  domain: 'approval-budget',
  attributes: { left: number({ required: true }) },
})

const Request = builder.class('Request', {
  extends: core.class.Doc,
  domain: 'approval',
  attributes: {
    title: string({ required: true }),
    amount: number({ required: true }),
    status: enumOf(Status, { default: 'draft' }),
    budget: refTo(Budget, { required: true }),
  },
})

/** What auditors read: nobody else is in their space. */
const Entry = builder.class('Entry', {
  extends: core.class.Doc,
  domain: 'approval-entry',
  attributes: { request: refTo(Request, { required: true }), text: string({ required: true }) },
})

const next = { draft: ['submitted'], submitted: ['approved', 'rejected'], approved: [], rejected: ['draft'] }

export default {
  name: 'approval',
  model: builder.transactions(),
  triggers: [
    {
      kind: 'sync',
      name: 'transitions',
      on: { classes: [Request], transactions: ['core:class:TxCreateDoc', 'core:class:TxUpdateDoc'] },
      run: ({ before, after, cause }) => {
        const [from, to] = [before?.status ?? 'draft', after.status]
        if (from === to) return []
        if (!next[from].includes(to)) throw new StatusError('approval:status:WrongTransition', { from, to })
        if (to === 'approved' && cause.sender === after.createdBy)
          throw new StatusError('approval:status:OwnRequest')
        return []
      },
    },
    {
      kind: 'async',
      name: 'audit',
      on: { classes: [Request], transactions: ['core:class:TxUpdateDoc'] },
      run: async ({ asSender, asSystem, after, before, bySystem, cause }) => {
        const [earlier, request] = [await before(), await after()]
        if (earlier.status === request.status) return []
        const [audit] = await asSystem.findAll(core.class.Space, { name: 'audit' })
        const entry = (factory, text) => factory.create(Entry, audit._id, { request: request._id, text })
        // The sender may neither see the entries nor write them.
        const seen = await asSender.findAll(Entry, {})
        const refused = await asSender.commit([entry(asSender.factory, 'forged')]).then(
          () => '',
          (error) => error.status.code,
        )
        await asSystem.commit([entry(asSystem.factory, `${cause.sender} sees ${seen.length}: ${refused}`)])
        return [entry(bySystem, request.status)]
      },
    },
  ],
  methods: {
    approve: {
      params: z.tuple([z.string()]),
      run: async ({ transaction }, [id]) =>
        await transaction(async ({ get, commit, factory }) => {
          const request = await get(Request, id)
          const budget = request && (await get(Budget, request.budget))
          if (budget === undefined || budget.left < request.amount) return 'no budget'
          commit([
            factory.update(request, { status: 'approved' }),
            factory.update(budget, { left: budget.left - request.amount }),
          ])
          return 'ok'
        }),
    },
  },
}
