import { test } from '@jest/globals'

/** `test`, or, where a requirement is missing, a skipped test whose title names it. */
export function testUnless(missing: string | undefined): (title: string, run: () => Promise<void>) => void {
  if (missing === undefined) return test
  return (title, run) => test.skip(`${title} (skipped: ${missing})`, run)
}
