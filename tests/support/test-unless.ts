import { test } from '@jest/globals'

/** `test`, or, where something is missing, a skipped one whose title says what. */
export function testUnless(missing: string | undefined): (title: string, run: () => Promise<void>) => void {
  if (missing === undefined) return test
  return (title, run) => test.skip(`${title} (skipped: ${missing})`, run)
}
