import { expect } from '@jest/globals'
import type { Life } from './history.ts'
import { live } from './history.ts'
import { type Faults, type Owner, Schedule } from './schedules.ts'
import type { StoredEntry } from '../../storage/mongodb/log/stored-document.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { expectFor, expectThat } from '../support/expecting.ts'

export interface Scenario {
  /** The groups that each owner commits, in the order in which the owners begin. */
  owners: readonly { name: string; groups: readonly (readonly string[])[] }[]
  faults: Faults
  /** `false` is the behaviour of an earlier protocol, whose error the check must detect. */
  keepsPlaces?: boolean
}

/**
 * Runs one schedule and checks its result. Resolves with the number of options at each step.
 * @throws AssertionError with the complete history
 */
export async function checkSchedule(
  { owners, faults, keepsPlaces = true }: Scenario,
  choose: (options: number, step: number) => number,
): Promise<number[]> {
  const lives = new Map<string, Life>()
  const failures: unknown[] = []
  const begin = (name: string, groups: readonly (readonly string[])[]): Owner => ({
    name,
    begin: async (server: SimulatedServer) => {
      const life: Life = { name, found: undefined, acknowledged: [], refused: [], isLost: false }
      lives.set(name, life)
      await live(server.collection(name), groups, life).catch((error: unknown) => failures.push(error))
    },
  })
  const schedule = new Schedule(
    owners.map(({ name, groups }) => begin(name, groups)),
    faults,
    keepsPlaces,
  )
  const options: number[] = []
  try {
    await schedule.run((count) => choose(count, options.push(count) - 1))
    await lastOwner(schedule.server, begin('last', [['last-1', 'last-2']]))
    check([...lives.values()], failures)
  } catch (error) {
    const left = schedule.server.documents.map(described)
    const story = ['after:', ...schedule.happened, 'the log:', ...left].join('\n')
    throw new Error(`${String(error)}\n${story}`, { cause: error })
  }
  return options
}

function described({ _id, tx, ...entry }: StoredEntry): string {
  const { '%owner': owner, '%first': first, '%last': last } = entry
  return `${_id} ${tx._id} by ${owner.slice(0, 6)}, ${first} to ${last}`
}

/** Opens the log at the end, without faults. */
async function lastOwner(server: SimulatedServer, owner: Owner): Promise<void> {
  const state = { isOver: false }
  void owner.begin(server).then(() => (state.isOver = true))
  for (let steps = 0; !state.isOver; steps++) {
    // The last owner does not end.
    expect(steps).toBeLessThan(1000)
    await new Promise(setImmediate)
    const [command] = server.commands
    if (command === undefined) continue
    while (command.steps.length > 0) command.steps.shift()?.()
    server.commands.shift()
    command.answer()
  }
}

function check(lives: readonly Life[], failures: readonly unknown[]): void {
  const last = lives.at(-1)
  expect(failures).toStrictEqual([])
  // The last owner opens the log.
  expectThat(last?.found !== undefined)
  const log = last.found
  // A transaction is there twice.
  expect(new Set(log).size).toBe(log.length)
  for (const { name, found, acknowledged, refused } of lives) {
    for (const { first, ids } of acknowledged) {
      if (name === 'last') continue
      expectFor(`${name} was told of them`, log.slice(first - 1, first - 1 + ids.length)).toStrictEqual(ids)
    }
    if (found !== undefined && name !== 'last')
      expectFor(`${name} read them`, log.slice(0, found.length)).toStrictEqual(found)
    expectFor(`${name} was told of a conflict, and nobody sent the same`, refused).toStrictEqual([])
  }
  // The last owner commits.
  expect(last.acknowledged).toHaveLength(1)
  checkWhole(log)
}

/** Ids are `group-1`, `group-2` and so on: a group is complete, or missing. */
function checkWhole(log: readonly string[]): void {
  for (const [at, id] of log.entries()) {
    const [group, number] = id.split('-') as [string, string]
    if (number === '1') continue
    expectFor(`a part of ${group} is there`, log[at - 1]).toBe(`${group}-${Number(number) - 1}`)
  }
  for (const [group, size] of sizes)
    if (log.includes(`${group}-1`))
      expectFor(`the end of ${group} is missing`, log).toContain(`${group}-${size}`)
}

/** The groups of all scenarios. */
const sizes = new Map<string, number>()

export function group(name: string, size: number): string[] {
  sizes.set(name, size)
  return Array.from({ length: size }, (_, index) => `${name}-${index + 1}`)
}
