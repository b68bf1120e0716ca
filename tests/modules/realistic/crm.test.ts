import { expect, test } from '@jest/globals'
import type { ClassRef } from '../../../model/class-ref.ts'
import type { Doc, Ref, Space } from '../../../model/documents.ts'
import type { Client } from '../../../client/client.ts'
import { StatusError } from '../../../model/status.ts'
import { createSpace, World } from './world.ts'

interface Contact extends Doc {
  name: string
  email: string
  archived: boolean
}
interface Deal extends Doc {
  title: string
  contact: Ref
}

const Contact = 'crm:class:Contact' as ClassRef<Contact>
const Deal = 'crm:class:Deal' as ClassRef<Deal>
const WRITERS = 50

const contact = (client: Client, space: Ref<Space>, email: string) =>
  client.createDoc(Contact, space, { name: email, email, archived: false })

/** One contact takes the address and the deals of another one, which is put away. */
async function merge(client: Client, kept: Contact, gone: Contact): Promise<boolean> {
  const factory = await client.transactions()
  const deals = await client.findAll(Deal, { contact: gone._id })
  const { success } = await client.applyIf(
    [
      factory.update(kept, { email: gone.email }),
      factory.update(gone, { archived: true }),
      ...deals.map((deal) => factory.update(deal, { contact: kept._id })),
    ],
    { match: [kept, gone].map(({ _id, _class }) => ({ _class, query: { _id, archived: false } })) },
  )
  return success
}

test('MOD-191: an application of contacts has one contact for each address under 50 writers, cut lines and `kill -9`, and merges two of them once', async () => {
  const world = await World.make('crm')
  await world.start()
  const writers = Array.from({ length: WRITERS }, (_, at) => world.client(`writer-${at}`))
  const [first = world.client('first'), second = world.client('second')] = writers
  const space = await createSpace(first, 'contacts')
  await Promise.all(writers.map(async (writer) => await writer.ready()))

  const interruptions = [
    async () => await Promise.resolve(),
    async () => await Promise.resolve(world.cut()),
    async () => {
      await world.kill()
      await world.start()
    },
  ]
  for (const [round, interrupt] of interruptions.entries()) {
    const spelt = (at: number) => (at % 2 === 0 ? `Round${round}@example.org` : ` round${round}@EXAMPLE.org`)
    const answers = writers.map(async (writer, at) => await contact(writer, space, spelt(at)))
    const settled = Promise.allSettled(answers)
    await interrupt()
    const refusals = (await settled).flatMap((outcome) => ('reason' in outcome ? [outcome.reason] : []))
    expect(refusals).toHaveLength(WRITERS - 1)
    const codes = refusals.map((error) => (error instanceof StatusError ? error.status : error))
    for (const status of codes)
      expect(status).toMatchObject({ code: 'platform:status:NotUnique', params: { fields: 'email' } })
  }
  const emails = (await first.findAll(Contact)).map(({ email }) => email).toSorted()
  expect(emails).toStrictEqual([0, 1, 2].map((round) => `round${round}@example.org`))

  const [kept, gone] = await first.findAll(Contact, {}, { sort: { email: 1 } })
  if (kept === undefined || gone === undefined) throw new Error('no contacts')
  const deal = await first.createDoc(Deal, space, { title: 'boats', contact: gone._id })
  // Each would take the address of the other one.
  const merged = await Promise.all([merge(first, kept, gone), merge(second, gone, kept)])
  expect(merged.filter(Boolean)).toHaveLength(1)
  const active = await first.findAll(Contact, { archived: false, _id: { $in: [kept._id, gone._id] } })
  const [winner, address] = merged[0] ? [kept, gone.email] : [gone, kept.email]
  expect(active.map(({ _id, email }) => [_id, email])).toStrictEqual([[winner._id, address]])
  if (merged[0]) expect((await first.findOne(Deal, { _id: deal }))?.contact).toBe(kept._id)

  // The address that nobody has any more is free.
  await contact(second, space, merged[0] ? kept.email : gone.email)
  await first.removeDoc(winner)
  expect(await first.findAll(Deal, { contact: winner._id })).toHaveLength(0)
})
