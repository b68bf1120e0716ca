import { describe, expect, test } from '@jest/globals'
import { pick, seededRandom } from '../crash/random.ts'
import { checkSchedule, group, type Scenario } from './check.ts'
import { explore } from './schedules.ts'
import { note } from '../support/note.ts'
import { testSeed } from '../support/property-parameters.ts'

const two: Scenario = {
  owners: [
    { name: 'A', groups: [group('a', 3), group('b', 2)] },
    { name: 'B', groups: [group('a', 3), group('c', 2)] },
  ],
  faults: { losses: 1, crashes: 1 },
}
const three: Scenario = {
  owners: [...two.owners, { name: 'C', groups: [group('d', 4), group('e', 1)] }],
  faults: { losses: 2, crashes: 2 },
}
/** Random schedules, in addition to all those with up to two departures from the usual order. */
const RANDOM = Number(process.env['FENCE_SCHEDULES'] ?? 2000)

function exploring(scenario: Scenario, departures: number): Promise<number> {
  return explore(departures, (choices) => checkSchedule(scenario, (_, step) => choices[step] ?? 0))
}

describe('ownership of a log', () => {
  test('STO-101: whichever commands are delayed, lost or crash, owners read and acknowledge complete groups only, and acknowledged ones stay', async () => {
    const schedules = await exploring(two, 2)
    note(`${schedules} schedules`)
    expect(schedules).toBeGreaterThan(2000)
  })

  test('STO-101: random schedules of three owners in a row keep the same guarantees', async () => {
    const random = seededRandom(testSeed())
    for (let run = 0; run < RANDOM; run++) {
      const restless = pick(random, [0.05, 0.2, 0.5])
      await checkSchedule(three, (options) => (random() < restless ? Math.floor(random() * options) : 0))
    }
  })

  test('STO-101: the check of schedules detects the error when a taken position is freed', async () => {
    await expect(exploring({ ...two, keepsPlaces: false }, 2)).rejects.toThrow(
      /a part of|was told of|read them|twice/,
    )
  })
})
