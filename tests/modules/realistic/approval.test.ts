import { expect, test } from '@jest/globals'
import type { Client } from '../../../client/client.ts'
import type { ClassRef } from '../../../model/class-ref.ts'
import type { Account, Doc, Ref, Space } from '../../../model/documents.ts'
import { createSpace, eventually, ISOLATIONS, World } from './world.ts'

interface Budget extends Doc {
  left: number
}
interface Request extends Doc {
  title: string
  amount: number
  status: string
  budget: Ref<Budget>
}
interface Entry extends Doc {
  request: Ref<Request>
  text: string
}

const Budget = 'approval:class:Budget' as ClassRef<Budget>
const Request = 'approval:class:Request' as ClassRef<Request>
const Entry = 'approval:class:Entry' as ClassRef<Entry>
const REQUESTS = 20
const AFFORDABLE = 7
const ann = 'account:ann' as Ref<Account>

const at = (_id: Ref<Request>, space: Ref<Space>) => ({ _id, _class: Request, space })

async function submit(client: Client, space: Ref<Space>, budget: Ref<Budget>, title: string) {
  const id = await client.createDoc(Request, space, { title, amount: 10, status: 'draft', budget })
  await client.updateDoc(at(id, space), { status: 'submitted' })
  return id
}

test.each(ISOLATIONS)(
  'MOD-192: an application of approvals refuses wrong transitions, never exceeds a budget under concurrent callers, and acts as sender and as system once over a `kill -9` (isolation: %s)',
  async (isolation) => {
    const world = await World.make('approval', isolation)
    await world.start()
    const [writer, boss, auditor] = [world.client('ann'), world.client('bob'), world.client('eve')]
    for (const client of [writer, boss, auditor]) await client.ready()
    const space = await createSpace(writer, 'requests')
    await createSpace(auditor, 'audit', ['account:eve'])
    const budget = await boss.createDoc(Budget, space, { left: AFFORDABLE * 10 + 5 })

    const draft = { title: 'boat', amount: 10, budget }
    const wrong = 'approval:status:WrongTransition {"from":"draft","to":"approved"}'
    await expect(writer.createDoc(Request, space, { ...draft, status: 'approved' })).rejects.toThrow(wrong)
    const id = await writer.createDoc(Request, space, { ...draft, status: 'draft' })
    await expect(boss.call('approval.approve', [id])).rejects.toThrow(wrong)
    await writer.updateDoc(at(id, space), { status: 'submitted' })
    await expect(writer.call('approval.approve', [id])).rejects.toThrow('approval:status:OwnRequest')
    await boss.updateDoc(at(id, space), { status: 'rejected' })
    await expect(writer.updateDoc(at(id, space), { status: 'submitted' })).rejects.toThrow('WrongTransition')
    // What was refused has changed nothing.
    expect((await boss.findOne(Budget, { _id: budget }))?.left).toBe(AFFORDABLE * 10 + 5)

    const ids: Ref<Request>[] = []
    for (let count = 0; count < REQUESTS; count++) ids.push(await submit(writer, space, budget, `r${count}`))
    const outcomes = await Promise.all(ids.map(async (each) => await boss.call('approval.approve', [each])))
    await world.kill()
    await world.start()
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(AFFORDABLE)
    expect(outcomes.filter((outcome) => outcome === 'no budget')).toHaveLength(REQUESTS - AFFORDABLE)
    expect((await boss.findOne(Budget, { _id: budget }))?.left).toBe(5)
    expect(await boss.findAll(Request, { status: 'approved' })).toHaveLength(AFFORDABLE)

    // Each change of a status has two entries.
    const changes = 2 + REQUESTS + AFFORDABLE
    await eventually(async () => (await auditor.findAll(Entry)).length >= 2 * changes, 'the entries')
    const texts = (await auditor.findAll(Entry)).map(({ text }) => text)
    const count = (text: string) => texts.filter((each) => each === text).length
    // A private space does not exist for others.
    const sent = `${ann} sees 0: core:status:ObjectNotFound`
    expect(count(sent)).toBe(1 + REQUESTS)
    expect(count(sent.replace('ann', 'bob'))).toBe(1 + AFFORDABLE)
    expect(['submitted', 'approved', 'rejected'].map(count)).toStrictEqual([1 + REQUESTS, AFFORDABLE, 1])
    expect(texts).toHaveLength(2 * changes)
    expect(await boss.findAll(Entry)).toHaveLength(0)
  },
)
