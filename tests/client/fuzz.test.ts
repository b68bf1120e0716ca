import { expect, test } from '@jest/globals'
import { fuzz } from './fuzz.ts'
import { note } from '../support/note.ts'
import { testSeed } from '../support/property-parameters.ts'

const RUNS = 60

test('SDK-22: over unreliable lines, clients reach the state of the server, no acknowledged change is lost or doubled, and nothing is left over', async () => {
  const seed = testSeed()
  const summary = await fuzz(RUNS, seed)
  note(JSON.stringify(summary))
  expect(summary.acknowledged).toBeGreaterThan(RUNS * 3)
  expect(summary.connections).toBeGreaterThan(RUNS * 3)
})
