// Contacts and deals: an email belongs to one contact that is not archived, whatever its case.
import { arrayOf, boolean, core, createModelBuilder, refTo, string } from 'atrium/model'

const builder = createModelBuilder('crm')

const Contact = builder.class('Contact', {
  extends: core.class.Doc,
  domain: 'crm-contact',
  attributes: {
    name: string({ required: true }),
    email: string({ required: true }),
    phones: arrayOf(string()),
    archived: boolean({ default: false }),
  },
  unique: [{ fields: ['email'], where: { archived: false } }],
})

const Deal = builder.class('Deal', {
  extends: core.class.Doc,
  domain: 'crm-deal',
  attributes: { title: string({ required: true }), contact: refTo(Contact, { required: true, index: true }) },
})

export default {
  name: 'crm',
  model: builder.transactions(),
  triggers: [
    {
      // `Ann@x` and `ann@x` are one address.
      kind: 'sync',
      name: 'lower-case',
      on: { classes: [Contact], transactions: ['core:class:TxCreateDoc', 'core:class:TxUpdateDoc'] },
      run: ({ after, bySender }) => {
        const email = after?.email.trim().toLowerCase()
        return after === undefined || email === after.email ? [] : [bySender.update(after, { email })]
      },
    },
    {
      // A deal never points to a contact that is away.
      kind: 'sync',
      name: 'keep-deals',
      on: { classes: [Contact], transactions: ['core:class:TxRemoveDoc'] },
      run: async ({ before, bySystem, findAll }) => {
        const deals = await findAll(Deal, { contact: before._id })
        return deals.map((deal) => bySystem.remove(deal))
      },
    },
  ],
}
