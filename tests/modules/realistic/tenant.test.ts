import { expect, test } from '@jest/globals'
import type { Client } from '../../../client/client.ts'
import type { ClassRef } from '../../../model/class-ref.ts'
import type { Account, Doc, Ref, Space } from '../../../model/documents.ts'
import { core } from '../../../model/identifiers.ts'
import { OutsideService } from '../outside-service.ts'
import { createSpace, eventually, World } from './world.ts'

interface Guest extends Doc {
  name: string
  greeting?: string
  badges: number
}
interface Triggers {
  gone: { trigger: string; entries: number }[]
}

const Guest = 'tenant:class:Guest' as ClassRef<Guest>
const Settings = 'module:class:Settings' as ClassRef
const [ON, OFF] = ['w1', 'w2']

const settings = {
  _id: 'module:settings:tenant' as Ref,
  _class: Settings,
  space: core.space.Configuration as Ref<Space>,
}

/** A client of the owner of the workspace. */
async function owner(world: World, workspace: string): Promise<Client> {
  const client = world.client('ann', workspace)
  await client.ready()
  const account = { _id: 'account:ann' as Ref<Account>, _class: core.class.Account, space: core.space.Model }
  await world.system(workspace).updateDoc(account, { role: 'OWNER' })
  return client
}

test('MOD-196: an application with settings works in the workspaces that want it, and its renamed and removed triggers lose and repeat nothing over restarts', async () => {
  const printer = await OutsideService.start()
  printer.isHolding = true
  const world = await World.make('tenant')
  const release = (number: number) => ({ TENANT_RELEASE: `${number}`, PRINTER_URL: printer.url })
  await world.start(release(1))
  const [on, off] = [await owner(world, ON), await owner(world, OFF)]
  const spaces = new Map([on, off].map((client) => [client, createSpace(client, 'guests')]))
  const add = async (client: Client, name: string) =>
    await client.createDoc(Guest, (await spaces.get(client)) as Ref<Space>, { name, badges: 0 })
  const guests = async (client: Client) =>
    (await client.findAll(Guest, {}, { sort: { name: 1 } })).map(({ greeting, badges }) => [greeting, badges])

  await expect(on.call('tenant.greeting')).rejects.toThrow('UnknownMethod')
  await on.updateDoc(settings, { isOn: true })
  expect(await on.call('tenant.greeting')).toBe('Welcome')
  await expect(on.updateDoc(settings, { 'values.greeting': 7 })).rejects.toThrow('InvalidTransaction')
  const guest = world.client('bob', ON)
  await guest.ready()
  await expect(guest.updateDoc(settings, { 'values.greeting': 'Boo' })).rejects.toThrow('Forbidden')
  const seen: unknown[] = []
  guest.query(Settings, { _id: settings._id }, {}, ([found]) =>
    seen.push((found as unknown as { values?: { greeting?: string } })?.values?.greeting),
  )
  await on.updateDoc(settings, { 'values.greeting': 'Hi' })
  await eventually(() => seen.at(-1) === 'Hi', 'the push of the settings')

  for (const name of ['g1', 'g2', 'g3']) await add(on, name)
  await add(off, 'nobody greets')
  await eventually(() => printer.calls.length === 1, 'the first call')
  await world.kill()

  // The renamed trigger goes on with what waited.
  printer.calls.length = 0
  printer.release()
  await world.start(release(2))
  const greeted = (badges: readonly number[]) =>
    badges.map((count, at) => [`Hi, g${at + 1}, to ${ON}`, count])
  await eventually(async () => (await guests(on)).every(([, badges]) => badges === 1), 'the badges')
  expect(await guests(on)).toStrictEqual(greeted([1, 1, 1]))
  expect(printer.calls.toSorted()).toStrictEqual(['g1', 'g2', 'g3'])

  // The removed one keeps its position, and is reported.
  await world.stop()
  await world.start(release(3))
  for (const name of ['g4', 'g5']) await add(on, name)
  const { gone } = await world.rest<Triggers>(`workspaces/${ON}/triggers`)
  expect(gone).toMatchObject([{ trigger: 'tenant.print-badge' }])
  expect(gone[0]?.entries).toBeGreaterThan(1)
  expect(await guests(on)).toStrictEqual(greeted([1, 1, 1, 0, 0]))

  // It comes back.
  await world.stop()
  await world.start(release(2))
  await eventually(async () => (await guests(on)).every(([, badges]) => badges === 1), 'the badges')
  expect(await guests(on)).toStrictEqual(greeted([1, 1, 1, 1, 1]))
  expect(printer.calls.toSorted()).toStrictEqual(['g1', 'g2', 'g3', 'g4', 'g5'])
  expect(await guests(off)).toStrictEqual([[undefined, 0]])
})
