import { afterAll, describe } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { withFound } from '../services/with-found.ts'
import { findChromium } from './chromium.ts'

/** Runs with a browser, which is closed after the tests. */
export async function withBrowser(run: (browser: Browser) => void): Promise<void> {
  withFound('SDK-60: there is a Chromium to run the client in', await findChromium(), (browser) => {
    describe('in Chromium', () => {
      afterAll(() => browser.close())
      run(browser)
    })
  })
}
