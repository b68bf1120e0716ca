import { test } from '@jest/globals'
import { soak } from './soak.ts'
import { note } from '../support/note.ts'
import { testSeed } from '../support/property-parameters.ts'

/** Duration of the disturbances. The checks take a moment more. */
const SECONDS = 60

test('SRV-90: with all faults at once no acknowledged change is lost or doubled, and every client shows what is stored', async () => {
  const seed = testSeed()
  note(JSON.stringify(await soak({ seconds: SECONDS, seed })))
}, 300_000)
