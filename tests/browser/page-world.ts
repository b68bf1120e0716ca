import { expect } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type CuttingProxy, cuttingProxy } from '../services/cutting-proxy.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { StartOptions } from './page/harness.ts'
import { servePages } from './page-server.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const script = '/tests/browser/page/harness.js'

/** The user of a page, and the network between the page and the server. */
export interface Visitor {
  page: Page
  browser: BrowserContext
  line: CuttingProxy
  /** Starts the page's client. */
  start: (options?: Partial<StartOptions>) => Promise<void>
  /** Waits until the live query shows these titles. */
  shows: (titles: readonly string[]) => Promise<void>
  /** Waits until all requests are answered. */
  settled: () => Promise<void>
}

/** A real server, and pages over it, each in its own browser. */
export class PageWorld {
  readonly server: TestServer
  readonly #browser: Browser
  readonly #origin: string

  constructor(browser: Browser, server: TestServer, origin: string) {
    this.#browser = browser
    this.server = server
    this.#origin = origin
  }

  static async open(browser: Browser): Promise<PageWorld> {
    return new PageWorld(browser, await testServer(), await servePages(script))
  }

  async visit(email: string): Promise<Visitor> {
    const browser = await this.#browser.newContext()
    const line = await cuttingProxy(this.server.url)
    onTestEnd(async () => {
      await browser.close()
      await line.close()
    })
    const page = await browser.newPage()
    page.on('pageerror', (error) => process.stdout.write(`# ${email}: ${error.stack}\n`))
    await page.goto(this.#origin)
    const url = `ws://127.0.0.1:${new URL(line.url.replace('mongodb:', 'http:')).port}`
    const start: Visitor['start'] = async (options = {}) => {
      await page.waitForFunction(() => 'harness' in globalThis)
      const all = { url, token: this.server.token(email), ...options }
      await page.evaluate((each) => harness.start(each), all)
    }
    const shows: Visitor['shows'] = (titles) => becomes(() => page.evaluate(() => harness.titles()), titles)
    const settled = () => becomes(() => page.evaluate(() => harness.unanswered()), 0)
    return { page, browser, line, start, shows, settled }
  }
}

/** Waits until a value is as expected, and reports it otherwise. */
export async function becomes(ask: () => Promise<unknown>, expected: unknown): Promise<void> {
  let found: unknown
  const text = JSON.stringify(expected)
  const holds = async () => JSON.stringify((found = await ask())) === text
  await waitUntil(holds, text, 20_000).catch(() => expect(found).toStrictEqual(expected))
}
