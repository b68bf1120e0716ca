import { expect, test } from '@jest/globals'
import { ClientWorld, queryCases } from './client-world.ts'
import { project, randomChange, randomMembership } from './random-changes.ts'
import { testSeed } from '../support/property-parameters.ts'

const RUNS = Number(process.env['LIVE_RUNS'] ?? 12)
const STEPS = 40

test('SDK-20: after each of random changes, drops and membership changes every live query shows what the server would return', async () => {
  const first = testSeed()
  for (let run = 0; run < RUNS; run++) {
    const seed = first + run
    const world = new ClientWorld(seed)
    const members = ['ann', 'bob', 'cid'].map((email) => world.join(email))
    await world.calm()
    await world.bySystem(project('p1', ['account:ann', 'account:bob']))
    await world.bySystem(project('p2', undefined))
    for (let made = 0; made < 60; made++) members[0]?.send(randomChange(world, members[0]))
    for (const member of members) for (const at of queryCases.keys()) member.look(at)
    for (let step = 0; step < STEPS; step++) {
      const member = world.pick(members)
      switch (world.below(10)) {
        case 0:
          await world.bySystem(randomMembership(world))
          break
        case 1:
          member.client.stop()
          for (let more = world.below(6); more > 0; more--) {
            const other = world.pick(members)
            other.send(randomChange(world, other))
          }
          await world.pass(20)
          member.client.restart()
          break
        case 2:
          member.lookAway(world.below(queryCases.length))
          member.look(world.below(queryCases.length))
          break
        case 3:
          // The query starts while documents change.
          for (const each of members) {
            each.lookAway(world.below(queryCases.length))
            each.send(randomChange(world, each))
            each.look(world.below(queryCases.length))
            each.send(randomChange(world, each))
            await world.pass(world.below(4))
          }
          break
        default:
          for (let count = 1 + world.below(3); count > 0; count--) member.send(randomChange(world, member))
      }
      await world.calm()
      try {
        for (const each of members) await each.check()
      } catch (error) {
        throw new Error(`seed ${seed}, step ${step}: ${(error as Error).message.slice(0, 1500)}`, {
          cause: error,
        })
      }
    }
    const made = members.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
    expect(made).toBeGreaterThan(STEPS / 4)
    await world.end()
    expect(world.time.waiting).toBe(0)
  }
})
