import { describeEquivalence } from './suite/equivalence.ts'
import type { SubjectFactory } from './suite/fixture.ts'

/** The tests of the storage contract, for any adapter. */
export function describeStorage(name: string, make: SubjectFactory): void {
  describeEquivalence(name, make)
}
