import { expect, test } from '@jest/globals'
import type { ClassRef } from '../../../model/class-ref.ts'
import type { Doc } from '../../../model/documents.ts'
import { OutsideService } from '../outside-service.ts'
import { createSpace, eventually, ISOLATIONS, World, WORKSPACE } from './world.ts'

interface Order extends Doc {
  title: string
  told: boolean
}
interface Letters {
  letters: { _id: string; error: string }[]
}

const Order = 'integration:class:Order' as ClassRef<Order>
const TRIGGER = 'integration.tell-shop'

test.each(ISOLATIONS)(
  'MOD-194: an application that calls a service goes on by itself when the service fails, asks for patience, hangs or refuses, and passes one key for each order over a `kill -9` (isolation: %s)',
  async (isolation) => {
    const shop = await OutsideService.start()
    const world = await World.make('integration', isolation)
    await world.start({ SHOP_URL: shop.url })
    const client = world.client('ann')
    const space = await createSpace(client, 'orders')
    const order = async (title: string) => await client.createDoc(Order, space, { title, told: false })
    const told = async () =>
      (await client.findAll(Order, { told: true })).map(({ title }) => title).toSorted()
    const calls = (title: string) => shop.calls.filter((body) => body === title).length

    // It is away for one order, asks for patience with another one, and refuses a third one.
    shop.answer = (title) => {
      if (title === 'away') return { status: 503 }
      if (title === 'patient' && calls('patient') < 3)
        return { status: 429, headers: { 'retry-after-ms': '1' } }
      return title === 'refused' ? { status: 400, body: 'no such article' } : undefined
    }
    for (const title of ['away', 'patient', 'refused', 'plain']) await order(title)
    await eventually(() => calls('away') > 3, 'the repeated calls')
    await eventually(async () => (await told()).length === 2, 'the orders that the shop takes')
    expect(await told()).toStrictEqual(['patient', 'plain'])
    expect([calls('patient'), calls('refused'), calls('plain')]).toStrictEqual([3, 1, 1])

    const deadLetters = async () =>
      (await world.rest<Letters>(`workspaces/${WORKSPACE}/dead-letters`)).letters
    await eventually(async () => (await deadLetters()).length === 1, 'the dead letter')
    expect(JSON.stringify(await deadLetters())).toContain('no such article')

    // It hangs, and the server is killed meanwhile.
    shop.isHolding = true
    await order('hung')
    await eventually(() => calls('hung') === 1, 'the call that hangs')
    await world.kill()
    shop.release()
    shop.answer = (title) => (title === 'away' ? { status: 503 } : undefined)
    await world.start({ SHOP_URL: shop.url })
    await eventually(async () => (await told()).includes('hung'), 'the order that hung')
    expect(await told()).toStrictEqual(['hung', 'patient', 'plain'])

    // It comes back, and the refused order is sent again.
    shop.answer = () => undefined
    const redriven = await world.rest(`workspaces/${WORKSPACE}/dead-letters/redrive?target=${TRIGGER}`, 'PUT')
    expect(redriven).toStrictEqual({ redriven: 1 })
    await eventually(async () => (await told()).length === 5, 'all orders')
    await eventually(async () => (await deadLetters()).length === 0, 'the letter to be removed')

    // By its keys, the shop has each order once.
    const keys = new Map(shop.keys.map((key, at) => [key, shop.calls[at] ?? '']))
    expect([...keys.values()].toSorted()).toStrictEqual(await told())
    expect(calls('hung')).toBeGreaterThan(1)
  },
)
