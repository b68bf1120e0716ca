import { describe } from '@jest/globals'
import { describeBackup } from './backup.ts'
import { describeChunks } from './chunks.ts'
import { describeClasses } from './classes.ts'
import { describeEquivalence } from './equivalence.ts'
import { describeFinding } from './finding.ts'
import { fullSizes, type SubjectFactory, type SuiteSizes } from './fixture.ts'
import { describeHistory } from './history.ts'
import { describeRestoring } from './restoring.ts'
import { describeSearchedForms, describeSearching } from './searching.ts'
import { describeStreaming } from './streaming.ts'

/** The tests of the storage contract, for any adapter. */
export function describeStorage(name: string, make: SubjectFactory, sizes: SuiteSizes = fullSizes): void {
  describe(`the storage contract: ${name}`, () => {
    describeHistory(name, make)
    describeFinding(name, make)
    describeRestoring(name, make)
    describeStreaming(name, make, sizes)
    describeBackup(name, make, sizes)
    describeChunks(name, make, sizes)
    describeClasses(name, make)
    describeSearching(name, make)
    describeSearchedForms(name, make)
    describeEquivalence(name, make, sizes)
  })
}
