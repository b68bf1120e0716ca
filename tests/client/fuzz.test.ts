import { expect, test } from '@jest/globals'
import { fuzz } from './fuzz.ts'
import { note } from '../support/note.ts'
import { testSeed } from '../support/property-parameters.ts'

const RUNS = 60

test('SDK-22: over lines that fail everywhere, clients end up as the server, nothing acknowledged is lost or doubled, nothing is left', async () => {
  const seed = testSeed()
  const summary = await fuzz(RUNS, seed)
  note(JSON.stringify(summary))
  expect(summary.acknowledged).toBeGreaterThan(RUNS * 3)
  expect(summary.connections).toBeGreaterThan(RUNS * 3)
})
