import { after } from 'node:test'
import type { Browser } from 'playwright-core'
import { withFound } from '../services/with-found.ts'
import { findChromium } from './chromium.ts'

/** Runs with a browser, which is closed after the tests. */
export async function withBrowser(describe: (browser: Browser) => void): Promise<void> {
  withFound('SDK-60: there is a Chromium to run the client in', await findChromium(), (browser) => {
    after(() => browser.close())
    describe(browser)
  })
}
