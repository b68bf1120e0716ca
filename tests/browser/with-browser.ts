import { after, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { areRequired } from '../services/service.ts'
import { findChromium } from './chromium.ts'

/** Runs with a browser; without one, a skipped test says why, or a failed one where services are required. */
export async function withBrowser(describe: (browser: Browser) => void): Promise<void> {
  const found = await findChromium()
  if (!('missing' in found)) {
    after(() => found.close())
    describe(found)
    return
  }
  void test(
    'SDK-60: there is a Chromium to run the client in',
    areRequired ? {} : { skip: found.missing },
    () => {
      throw new Error(found.missing)
    },
  )
}
