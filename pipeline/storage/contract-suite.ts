import { describeBackup } from './suite/backup.ts'
import { describeChunks } from './suite/chunks.ts'
import { describeClasses } from './suite/classes.ts'
import { describeEquivalence } from './suite/equivalence.ts'
import { describeFinding } from './suite/finding.ts'
import { fullSizes, type SubjectFactory, type SuiteSizes } from './suite/fixture.ts'
import { describeHistory } from './suite/history.ts'
import { describeRestoring } from './suite/restoring.ts'
import { describeSearchedForms, describeSearching } from './suite/searching.ts'
import { describeStreaming } from './suite/streaming.ts'

/** The tests of the storage contract, for any adapter. */
export function describeStorage(name: string, make: SubjectFactory, sizes: SuiteSizes = fullSizes): void {
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
}
