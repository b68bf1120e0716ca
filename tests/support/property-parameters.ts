import { randomInt } from 'node:crypto'
import type { Parameters } from 'fast-check'
import { note } from './note.ts'

/** The parameters of a run without exploration: two runs of the same code do the same. */
const PINNED = 20_261_125

const { SEED: given, EXPLORE: explore } = process.env

/** The seed of random choices in a test: that of `SEED`, a fresh one for `npm run test:explore`, or the pinned one. */
export function testSeed(): number {
  if (given === undefined && explore !== '1') return PINNED
  const seed = given === undefined ? randomInt(2 ** 31) : Number(given)
  note(`SEED=${seed}`)
  return seed
}

/** For every `fc.assert`. A failure names its seed, and `SEED` repeats the run. */
export function propertyParameters<T = never>(parameters: Parameters<T> = {}): Parameters<T> {
  return { seed: testSeed(), ...parameters }
}
