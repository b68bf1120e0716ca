import { expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import type { ModelResponse } from '../../model/workspace-model.ts'
import { becomes, PageWorld, type Visitor } from './page-world.ts'
import { withBrowser } from './with-browser.ts'
import { expectFor } from '../support/expecting.ts'

async function twoPages(browser: Browser): Promise<[ann: Visitor, bob: Visitor]> {
  const world = await PageWorld.open(browser)
  return await Promise.all([world.visit('ann'), world.visit('bob')])
}

const phase = ({ page }: Visitor) => page.evaluate(() => harness.phase())
const create = ({ page }: Visitor, title: string, waits = true) =>
  page.evaluate(
    async (each) => {
      const created = harness.create(each.title)
      if (each.waits) await created
      else created.catch(() => undefined)
    },
    { title, waits },
  )

/** Makes changes, one after another, without waiting for them. */
const change = ({ page }: Visitor, changes: readonly (readonly ['create' | 'rename', string, string?])[]) =>
  page.evaluate(async (all) => {
    for (const [kind, title, to = ''] of all) {
      const shown = harness.results.length
      void (kind === 'create' ? harness.create(title) : harness.rename(title, to)).catch(() => undefined)
      // Immediately, without a round trip: all of it happens within the page.
      while (harness.results.length === shown) await Promise.resolve()
    }
  }, changes)

await withBrowser((browser) => {
  test('SDK-62: two pages see each other’s changes', async () => {
    const [ann, bob] = await twoPages(browser)
    await Promise.all([ann.start(), bob.start()])
    await Promise.all([ann.shows([]), bob.shows([])])
    await create(ann, 'b')
    await bob.shows(['b'])
    await create(bob, 'a')
    await bob.page.evaluate(() => harness.rename('b', 'c'))
    await Promise.all([ann.shows(['a', 'c']), bob.shows(['a', 'c'])])
    await ann.page.evaluate(() => harness.remove('c'))
    await Promise.all([ann.shows(['a']), bob.shows(['a'])])
  })

  test('SDK-63: a page that is offline shows its changes at once, and sends them in order when it is online', async () => {
    const [ann, bob] = await twoPages(browser)
    await Promise.all([ann.start(), bob.start()])
    await Promise.all([ann.shows([]), bob.shows([])])
    await create(ann, 'a')
    await Promise.all([ann.shows(['a']), bob.shows(['a'])])

    await ann.browser.setOffline(true)
    ann.line.refuse(true)
    await becomes(() => phase(ann), 'offline')
    await change(ann, [
      ['create', 'b'],
      ['create', 'c'],
      ['rename', 'c', 'c2'],
      ['rename', 'a', 'a2'],
    ])
    await ann.shows(['a2', 'b', 'c2'])
    await create(bob, 'd')
    await bob.shows(['a', 'd'])

    ann.line.refuse(false)
    await ann.browser.setOffline(false)
    const all = ['a2', 'b', 'c2', 'd']
    await Promise.all([ann.shows(all), bob.shows(all), ann.settled()])
    expect(await bob.page.evaluate(() => harness.pushed)).toStrictEqual([
      'create a',
      'create d',
      'create b',
      'create c',
      'rename to c2',
      'rename to a2',
    ])
    // A displayed change did not disappear again.
    const results = await ann.page.evaluate(() => harness.results)
    const since = results.slice(results.findIndex((titles) => titles.includes('c2')))
    expect(since.length > 2 && since.every((titles) => titles.includes('b') && titles.includes('c2'))).toBe(
      true,
    )
  })

  test('SDK-64: a page that is reloaded while offline keeps its unsent changes, sends them when it is online, and reports refused ones', async () => {
    const [ann, bob] = await twoPages(browser)
    await Promise.all([ann.start({ store: 'w1/ann' }), bob.start()])
    await Promise.all([ann.shows([]), bob.shows([])])
    await create(ann, 'a')
    await Promise.all([ann.shows(['a']), bob.shows(['a'])])
    await becomes(() => ann.page.evaluate(() => harness.kept('change/')), [])

    ann.line.refuse(true)
    await becomes(async () => (await phase(ann)) !== 'ready', true)
    await change(ann, [
      ['create', 'b'],
      ['create', 'c'],
      ['rename', 'a', 'a2'],
    ])
    const kept = () => ann.page.evaluate(async () => (await harness.kept('change/')).length)
    await becomes(kept, 3)
    await ann.page.reload()
    await ann.start({ store: 'w1/ann' })
    expect(await kept()).toBe(3)
    await create(ann, 'd', false)
    await becomes(kept, 4)
    await bob.page.evaluate(() => harness.remove('a'))

    ann.line.refuse(false)
    await Promise.all([ann.shows(['b', 'c', 'd']), bob.shows(['b', 'c', 'd'])])
    await becomes(kept, 0)
    expect(await bob.page.evaluate(() => harness.pushed)).toStrictEqual([
      'create a',
      'create b',
      'create c',
      'create d',
    ])
    await becomes(() => ann.page.evaluate(() => harness.conflicts), ['core:status:ObjectNotFound'])
  })

  test('SDK-65: a reloaded page loads only the new part of the model', async () => {
    const [ann, bob] = await twoPages(browser)
    const loaded: ModelResponse[] = []
    ann.page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        const { result } = JSON.parse(String(payload)) as { result?: Partial<ModelResponse> | null }
        if (typeof result?.full === 'boolean') loaded.push(result as ModelResponse)
      }),
    )
    await ann.start({ store: 'w1/ann' })
    await ann.shows([])
    await becomes(() => ann.page.evaluate(() => harness.kept('model')), ['model'])
    const origin = ann.page.url()
    await ann.page.goto('about:blank')
    // The first entry of an account creates it, which is a change of the model.
    await bob.start()
    await bob.shows([])
    await ann.page.goto(origin)
    await ann.start({ store: 'w1/ann' })
    await becomes(() => Promise.resolve(loaded.map(({ full }) => full)), [true, false])
    expect(loaded[0]?.transactions.length ?? 0).toBeGreaterThan(100)
    expectFor(JSON.stringify(loaded[1]), loaded[1]?.transactions.length).toBe(1)
  })

  test('SDK-15: a page whose IndexedDB does not respond is ready without it after five seconds', async () => {
    const [ann, bob] = await twoPages(browser)
    await bob.start()
    // Like another page that keeps the database locked.
    await ann.page.evaluate(() => {
      IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest
    })
    await ann.start({ store: 'w1/ann' })
    await ann.shows([])
    await create(ann, 'a')
    await bob.shows(['a'])
    const errors = await ann.page.evaluate(() => harness.storeErrors)
    expect(errors).toStrictEqual(['Error: the store did not answer within 5000 ms'])
  })

  test('SDK-16: a page leaves out the damaged entries of a database, and uses the others', async () => {
    const [ann, bob] = await twoPages(browser)
    await Promise.all([ann.start({ store: 'w1/ann' }), bob.start()])
    await Promise.all([ann.shows([]), bob.shows([])])
    ann.line.refuse(true)
    await becomes(async () => (await phase(ann)) !== 'ready', true)
    await change(ann, [
      ['create', 'a'],
      ['create', 'b'],
      ['create', 'c'],
    ])
    await becomes(() => ann.page.evaluate(async () => (await harness.kept('change/')).length), 3)
    const [, second = ''] = await ann.page.evaluate(() => harness.kept('change/'))
    await ann.page.evaluate(async (key) => await harness.keep(key, 5), second)
    await ann.page.reload()
    await ann.page.waitForFunction(() => 'harness' in globalThis)
    // One unreadable entry fails a read of several entries, as in a browser with damaged files.
    await ann.page.evaluate(() => {
      const getAll = Reflect.get(IDBObjectStore.prototype, 'getAll') as IDBObjectStore['getAll']
      IDBObjectStore.prototype.getAll = function (query, count) {
        if (query instanceof IDBKeyRange) throw new DOMException('unreadable', 'UnknownError')
        return getAll.call(this, query, count)
      }
    })
    ann.line.refuse(false)
    await ann.start({ store: 'w1/ann' })
    await Promise.all([ann.shows(['a', 'c']), bob.shows(['a', 'c'])])
    const errors = await ann.page.evaluate(() => harness.storeErrors)
    expect(errors).toStrictEqual([`Error: the store's entry ${second} is damaged`])
  })

  test('SDK-50: the cases of every store pass with IndexedDB', async () => {
    const world = await PageWorld.open(browser)
    const { page } = await world.visit('ann')
    await page.waitForFunction(() => 'harness' in globalThis)
    const cases = await page.evaluate(() => harness.storeCases())
    expect(cases.length).toBeGreaterThanOrEqual(3)
    for (const [title, found, expected] of cases) expectFor(title, found).toStrictEqual(expected)
  })
})
