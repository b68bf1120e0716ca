import { expect, test } from '@jest/globals'
import { join } from 'node:path'
import { build as bundle } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { temporaryFolder } from '../support/executable.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { build, servePages } from './page-server.ts'
import { becomes } from './page-world.ts'
import { withBrowser } from './with-browser.ts'
import { onTestEnd } from '../support/on-test-end.ts'

/** A page with React and a client, and another member of its workspace. */
async function reactPage(browser: Browser): Promise<{ page: Page; bob: RawClient }> {
  const outfile = join(await temporaryFolder(), 'hooks.js')
  await bundle({
    entryPoints: [join(build, 'tests', 'browser', 'page', 'hooks.js')],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // Strict mode takes effect in development only.
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'warning',
  })
  const { url, token } = await testServer()
  const origin = await servePages('/hooks.js', new Map([['/hooks.js', outfile]]))
  const page = await browser.newPage()
  onTestEnd(() => page.close())
  page.on('pageerror', (error) => process.stdout.write(`# ${error.stack}\n`))
  await page.goto(origin)
  await page.waitForFunction(() => 'hooks' in globalThis)
  await page.evaluate((given) => hooks.start(given.url, given.token), { url, token: token('ann') })
  const bob = await RawClient.open(url, token('bob'))
  return { page, bob }
}

const byBob = { by: 'account:bob' }
const text = (page: Page, id: string) => () => page.evaluate((each) => hooks.text(each), id)
const queries = (page: Page) => page.evaluate(() => hooks.queries)

await withBrowser((browser) => {
  test('SDK-66: `useQuery` shows the loading state, the result, and every later change', async () => {
    const { page, bob } = await reactPage(browser)
    expect(await page.evaluate(() => hooks.render({ status: 'todo' }))).toBe('loading')
    await becomes(text(page, 'tasks'), '[]')
    await bob.request('tx', [createTask('b', { title: 'b', status: 'todo' }, byBob)])
    await becomes(text(page, 'tasks'), '[b]')
    await page.click('button')
    await becomes(text(page, 'tasks'), '[added b]')
    await page.evaluate(() => hooks.render({ status: 'todo', _class: 'board:class:None' }))
    await becomes(async () => /None/.test((await text(page, 'tasks')()) ?? ''), true)
    await page.evaluate(() => hooks.render({ status: 'todo' }))
    await becomes(text(page, 'tasks'), '[added b]')
  })

  test('SDK-67: an equal query is not started again, another query replaces it, and none outlives its component', async () => {
    const { page, bob } = await reactPage(browser)
    await bob.request('tx', [createTask('b', { title: 'b', status: 'done' }, byBob)])
    await page.evaluate(() => hooks.render({ status: 'todo' }))
    await becomes(text(page, 'tasks'), '[]')
    const { begun, open } = await queries(page)
    expect(open).toBe(1)
    const rendered = await page.evaluate(() => {
      hooks.render({ status: 'todo' })
      hooks.render({ status: 'todo' })
      return hooks.rendered.tasks
    })
    expect(rendered).toBeGreaterThanOrEqual(4)
    expect(await queries(page)).toStrictEqual({ begun, open: 1 })
    expect(await page.evaluate(() => hooks.text('tasks'))).toBe('[]')
    await page.evaluate(() => hooks.render({ status: 'done' }))
    await becomes(text(page, 'tasks'), '[b]')
    expect((await queries(page)).open).toBe(1)
    expect(await page.evaluate(() => hooks.render({ status: 'skip' }))).toBe('[nothing]')
    expect((await queries(page)).open).toBe(0)
    await page.evaluate(() => hooks.render({ status: 'done' }))
    await becomes(text(page, 'tasks'), '[b]')
    await page.evaluate(() => hooks.render({}))
    expect((await queries(page)).open).toBe(0)
  })

  test('SDK-68: `useConnectionState` renders again when its selection has changed, and only then', async () => {
    const { page } = await reactPage(browser)
    await page.evaluate(() => hooks.render({ status: 'todo' }))
    await becomes(text(page, 'phase'), 'ready true')
    await becomes(text(page, 'tasks'), '[]')
    const rendered = () => page.evaluate(() => hooks.rendered.phase)
    const before = await rendered()
    await page.click('button')
    await becomes(text(page, 'tasks'), '[added]')
    expect(await rendered()).toBe(before)
    await page.evaluate(() => hooks.stop())
    await becomes(text(page, 'phase'), 'stopped true')
    expect(await rendered()).toBeGreaterThan(before)
  })

  test('SDK-69: a hook outside of an `AtriumProvider` throws an error that says so', async () => {
    const { page } = await reactPage(browser)
    await page.evaluate(() => hooks.render({ provided: false }))
    expect((await text(page, 'error')()) ?? '').toMatch(/no AtriumProvider/)
  })

  test('SDK-76: a query whose client is terminated before it has a model is rejected with the reason, and nothing else fails', async () => {
    const { page } = await reactPage(browser)
    const errors: Error[] = []
    page.on('pageerror', (error) => errors.push(error))
    await page.evaluate(() => {
      hooks.start('ws://127.0.0.1:1', 'nobody answers')
      hooks.render({ status: 'todo' })
      hooks.terminate()
    })
    await becomes(async () => /terminated/.test((await text(page, 'tasks')()) ?? ''), true)
    expect(errors).toStrictEqual([])
  })
})
