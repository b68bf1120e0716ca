import { expect } from 'expect'
import type { Tx, TxCollectionCUD } from '../../model/transactions.ts'
import { ClientWorld, type Member, queryCases } from './client-world.ts'
import { project, randomChange, randomMembership } from './random-changes.ts'
import { expectFor } from '../support/expecting.ts'

const STEPS = 14
/** Live queries of each member. */
const QUERIES = 4

export interface FuzzSummary {
  runs: number
  acknowledged: number
  refused: number
  connections: number
  restarts: number
}

/**
 * Clients on connections that fail at any point, with messages that are late, lost or doubled, late timers, a server
 * that is replaced, and tokens that expire. In the end every client shows the state of the server, every acknowledged
 * change is in the log once, every promise is settled, and no timer is left.
 *
 * @throws Error that names the seed of the failed run
 */
export async function fuzz(
  runs: number,
  seed: number,
  each: (summary: FuzzSummary) => void = () => undefined,
): Promise<FuzzSummary> {
  const summary: FuzzSummary = { runs: 0, acknowledged: 0, refused: 0, connections: 0, restarts: 0 }
  for (let run = 0; run < runs; run++) {
    try {
      await runOnce(seed + run, summary)
    } catch (error) {
      throw new Error(`seed ${seed + run}: ${(error as Error).message}`, { cause: error })
    }
    summary.runs += 1
    each(summary)
  }
  return summary
}

async function runOnce(seed: number, summary: FuzzSummary): Promise<void> {
  const world = new ClientWorld(seed)
  if (world.below(3) === 0) world.tokenLife = 5 + world.below(60)
  const members = [world.join('ann'), world.join('bob', true)]
  await world.calm()
  await world.bySystem(project('p1', ['account:ann']), project('p2', undefined))
  for (const member of members)
    for (let count = 0; count < QUERIES; count++) member.look(world.below(queryCases.length))
  disturb(world, members)
  for (let step = 0; step < STEPS; step++) await takeStep(world, members, summary)
  await world.calm()
  for (const member of members) await member.check()
  await checkLog(world, members)
  for (const { pushed } of members)
    // A push was received twice.
    expect(new Set(pushed).size).toBe(pushed.length)
  for (const { client } of members) summary.connections += client.connectionState().connectionCount
  await world.end()
  for (const { unsettled } of members)
    // A promise is not settled.
    expect(unsettled.size).toBe(0)
  // A timer is left.
  expect(world.time.waiting).toBe(0)
  for (const { acknowledged, refused } of members) {
    summary.acknowledged += acknowledged.length
    summary.refused += refused.length
  }
}

function disturb(world: ClientWorld, members: readonly Member[]): void {
  const [often, slow] = [20 + world.below(200), 1 + world.below(400)]
  world.jitter = () => world.below(30)
  for (const { line } of members) {
    line.delay = () => 1 + world.below(slow)
    line.fault = () => (world.below(often) === 0 ? world.pick(['lost', 'cut', 'twice'] as const) : 'none')
  }
}

async function takeStep(world: ClientWorld, members: readonly Member[], summary: FuzzSummary): Promise<void> {
  const member = world.pick(members)
  switch (world.below(16)) {
    case 0:
      summary.restarts += 1
      await world.restartServer()
      break
    case 1:
      await world.bySystem(randomMembership(world))
      break
    case 2:
      member.client.pause()
      member.send(randomChange(world, member))
      await world.pass(world.below(500))
      member.client.resume()
      break
    case 3:
      member.client.stop()
      member.send(randomChange(world, member))
      await world.pass(world.below(2000))
      member.client.restart()
      break
    case 4:
      // A reloaded page has only stored data.
      if (member === members[1]) member.restart()
      break
    case 5:
      member.lookAway(world.below(queryCases.length))
      member.look(world.below(queryCases.length))
      break
    case 6:
      await world.pass(world.below(40_000))
      break
    default:
      for (let count = 1 + world.below(4); count > 0; count--) member.send(randomChange(world, member))
  }
  await world.pass(world.below(300))
}

/** An acknowledged change exists once; a sent one exists, or its sender knows that it was refused. */
async function checkLog(world: ClientWorld, members: readonly Member[]): Promise<void> {
  const counts = new Map<string, number>()
  await world.withPipeline(async ({ storage }) => {
    for (const { tx } of await storage.readLog({ after: 0, limit: 100_000 }))
      counts.set(tx._id, (counts.get(tx._id) ?? 0) + 1)
  })
  for (const [id, count] of counts) expectFor(`${id} is ${count} times in the log`, count).toBe(1)
  for (const { email, sent, acknowledged, refused } of members) {
    for (const tx of acknowledged)
      if (!isConditional(tx)) expectFor(`${email}: ${tx._id} is lost`, counts.has(tx._id)).toBe(true)
    const known = new Set(refused.map(({ _id }) => _id))
    for (const tx of sent)
      if (!isConditional(tx))
        expectFor(`${email}: ${tx._id} is forgotten`, counts.has(tx._id) || known.has(tx._id)).toBe(true)
  }
}

/** It may have no effect, and is not in the log then: unmet conditions, or a missing document. */
function isConditional(tx: Tx): boolean {
  const { _class } = (tx as Partial<TxCollectionCUD>).tx ?? tx
  return _class === 'core:class:TxApplyIf' || _class === 'core:class:TxRemoveDoc'
}
