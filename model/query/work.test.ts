import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { expectFor, satisfying } from '../../tests/support/expecting.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'
import { applyTransaction } from '../apply-transaction.ts'
import { DocumentStore } from '../document-store.ts'
import { boardHierarchy, coded, document, fieldsOf, Task, updateTx } from '../fixture.ts'
import { invalidTransaction } from '../invalid-transaction.ts'
import type { UpdateOperations } from '../transactions.ts'
import { compileLike } from './like.ts'
import { planFind } from './plan-find.ts'
import type { DocumentQuery, FindOptions } from './query.ts'
import { compileRegex, checkRegex } from './regex.ts'
import { MAX_REQUEST_STEPS, WorkMeter } from './work-meter.ts'
import { RE2JS } from 're2js'

const hierarchy = boardHierarchy()
const invalid = satisfying(coded('core:status:InvalidQuery', { limit: MAX_REQUEST_STEPS }))
const refused = satisfying(coded('core:status:InvalidTransaction', { limit: MAX_REQUEST_STEPS }))

/** Runs a query with the limit over this many documents. */
function run(docs: object[], query: DocumentQuery, options: FindOptions = {}) {
  const plan = planFind(hierarchy, Task, query, options)
  const store = new DocumentStore()
  for (const [at, fields] of docs.entries()) store.put(plan.domain, document({ _id: `d${at}`, ...fields }))
  return store.find(plan, new WorkMeter())
}

const many = (count: number, fields: (at: number) => object) =>
  Array.from({ length: count }, (_, at) => fields(at))

describe('queries in memory', () => {
  test('LIM-15: ordinary queries over a large model pass', () => {
    const docs = many(10_000, (at) => ({
      title: `a title of some words ${at}`,
      votes: at,
      labels: ['a', 'b'],
    }))
    for (const [query, options] of [
      [{}, { sort: { title: 1, votes: -1 }, total: true }],
      [{ title: { $regex: 'words 7' } }, {}],
      [{ title: { $regex: '^a .*(words|texts) 7+$' } }, { limit: 10 }],
      [{ title: { $like: '%WORDS 7%' }, votes: { $gt: 10 } }, { sort: { votes: 1 } }],
      [{ labels: { $in: ['a', 'c'] }, votes: { $ne: 3 }, title: { $exists: true } }, {}],
      [{ _id: { $in: docs.map((_, at) => `d${at}`) } }, {}],
    ] as [DocumentQuery, FindOptions][])
      expectFor(JSON.stringify(query).slice(0, 80), run(docs, query, options).length).toBeGreaterThan(0)
  })

  test('LIM-15: many documents times many tests are refused before the first one is tested', () => {
    const docs = many(10_000, () => ({ title: 'x' }))
    const conditions = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`f${at}`, { $ne: 1 }]))
    const cases = Array.from({ length: 400 }, (_, index) => ({ query: `${index}`, index }))
    expect(() => run(docs, conditions)).toThrow(invalid)
    expect(() => run(docs, {}, { sort: { title: { order: 1, cases } } })).toThrow(invalid)
    expect(() => run(docs.slice(0, 100), conditions)).not.toThrow()
  })

  test('LIM-15: long arrays, objects, texts and sort keys are counted', () => {
    const list = Array.from({ length: 100_000 }, (_, at) => at)
    const lists = Array.from({ length: 100 }, (_, at) => ({ [`a${at}`]: 1 }))
    const wide = Object.fromEntries(list.slice(0, 1000).map((at) => [`k${at}`, at]))
    for (const [docs, query, options] of [
      [many(100, () => ({ labels: list })), { labels: 'no' }, {}],
      [many(100, () => ({ labels: list })), { labels: { $gt: 'no' } }, {}],
      [many(10, () => ({ labels: list.map((a) => ({ a })) })), { 'labels.a': { $in: lists, $ne: 1 } }, {}],
      [many(200, () => ({ x: wide })), { x: { $in: many(50, () => ({ ...wide, last: 1 })) } }, {}],
      [many(3000, (at) => ({ title: `${'x'.repeat(16_000)}${at}` })), {}, { sort: { title: 1 } }],
      [many(3000, (at) => ({ title: 'x'.repeat(16_000), votes: at })), { $search: 'y' }, {}],
    ] as [object[], DocumentQuery, FindOptions][])
      expectFor(JSON.stringify([query, options]).slice(0, 80), () => run(docs, query, options)).toThrow(
        invalid,
      )
  })

  test('LIM-15: joined documents are counted, also those of nested lookups that multiply', () => {
    const ids = Array.from({ length: 40 }, (_, at) => `d${at}`)
    const docs = many(40, () => ({ labels: ids, attachedTo: ids }))
    const nested = (levels: number): unknown => (levels === 0 ? Task : [Task, { labels: nested(levels - 1) }])
    expect(() => run(docs, {}, { lookup: { labels: nested(6) } } as FindOptions)).toThrow(invalid)
    expect(() => run(docs, {}, { lookup: { labels: Task } } as FindOptions)).not.toThrow()
    const all = many(2000, () => ({ attachedTo: ids }))
    const reverse = { _id: Object.fromEntries(ids.map((id) => [id, Task])) }
    expect(() => run(all, {}, { lookup: reverse } as FindOptions)).toThrow(invalid)
  })
})

describe('patterns', () => {
  const hard = ['(?i)(?:a[bc].{0,300}x|b.{0,300}y)', '[a-h]*[ab].{20}\\d', '(a|b|ab)*(c|[a-h]{3,200})*\\d']
  const text = Array.from({ length: 1_000_000 }, (_, at) => 'abcdefgh'[(at * 7919) % 8]).join('')

  test('LIM-16: a pattern is refused before it is run over a text that is too long for its size', () => {
    for (const pattern of hard) {
      const meter = new WorkMeter()
      expectFor(pattern, () => compileRegex(pattern, '', meter)(text)).toThrow(invalid)
      expectFor(pattern, compileRegex(pattern, '', meter)(text.slice(0, 1000))).toBe(false)
      const inUpdate = new WorkMeter(MAX_REQUEST_STEPS, invalidTransaction)
      const pull = updateTx({ $pull: { list: { $regex: pattern } } })
      expect(() => applyTransaction(document({ list: [text] }), pull, inUpdate)).toThrow(refused)
    }
    const like = `%${'a'.repeat(900)}b%`
    expect(() => compileLike(like, new WorkMeter())('a'.repeat(1_000_000))).toThrow(invalid)
    expect(compileLike('%ah%', new WorkMeter())(text)).toBe(true)
  })

  test('LIM-16: what one pattern takes over many texts is counted together', () => {
    const meter = new WorkMeter()
    const test = compileRegex(hard[2] ?? '', '', meter)
    expect(() => {
      for (let at = 0; at < 2000; at++) test(text.slice(at * 400, at * 400 + 400))
    }).toThrow(invalid)
  })

  test('LIM-17: the automaton of a pattern has a bounded size', () => {
    for (const pattern of hard) {
      const compile = jest.spyOn(RE2JS, 'compile')
      compileRegex(pattern, '')(text.slice(0, 10_000))
      const made = compile.mock.results[0]?.value as RE2JS | undefined
      compile.mockRestore()
      const { dfa } = made?.re2() ?? {}
      expectFor(pattern, (dfa?.stateBudget ?? NaN) - (dfa?.memBudget ?? NaN)).toBeLessThanOrEqual(256 * 1024)
      expectFor(pattern, dfa?.stateCount).toBeLessThan(2000)
    }
  })

  test('LIM-18: a text that a pattern requires is looked for first, and the result is that of the engine', () => {
    const pieces = [
      'a',
      'b',
      'ab',
      '\\.',
      '.',
      'a?',
      'b*',
      'a+',
      '(a)',
      '(a|b)',
      '[ab]',
      '^',
      '$',
      'é',
      '😀',
      '😀?',
    ]
    const more = [
      'a{0}',
      'b{2}',
      '{',
      '}',
      'a{,2}',
      '\\d',
      '\\-',
      '\\Qa.\\E',
      '(?i)',
      '|',
      '\\\\',
      '/',
      '-',
      ']',
      '\\x{61}',
      '\\x61',
      '\\141',
    ]
    const pattern = fc.array(fc.constantFrom(...pieces, ...more), { maxLength: 6 }).map((all) => all.join(''))
    const subject = fc.array(
      fc.constantFrom('a', 'b', 'A', '.', 'é', '😀', '\ud83d', '\\', '{', '}', '-', '/', '\n'),
    )
    const flags = fc.constantFrom('', 'i', 's', 'm')
    fc.assert(
      fc.property(pattern, subject, flags, (source, characters, options) => {
        try {
          checkRegex(source, options)
        } catch {
          return
        }
        const named = { i: RE2JS.CASE_INSENSITIVE, s: RE2JS.DOTALL, m: RE2JS.MULTILINE, '': 0 } as const
        const whole = characters.join('')
        const expected = RE2JS.compile(source, named[options as 'i']).test(whole)
        expectFor(`${source} ${options} ${whole}`, compileRegex(source, options)(whole)).toBe(expected)
        expectFor(source, compileRegex(source, options, new WorkMeter())(whole)).toBe(expected)
      }),
      propertyParameters({ numRuns: 1000 }),
    )
  })
})

test('LIM-19: updates of older logs are replayed without the limits of new transactions', () => {
  const labels = ['ab', 'aa', 'b', 'x']
  const after = (operations: UpdateOperations, doc = document({ labels })) =>
    fieldsOf(applyTransaction(doc, updateTx(operations)))
  expect(after({ $pull: { labels: { $regex: 'a(?=b)' } } })).toMatchObject({ labels: ['aa', 'b', 'x'] })
  expect(after({ $pull: { labels: { $regex: '(a)\\1' } } })).toMatchObject({ labels: ['ab', 'b', 'x'] })
  expect(after({ $pull: { labels: { $regex: '(?:x{100}b){30}' } } })).toHaveProperty('labels')
  const items = { labels: labels.map((name) => ({ name })) }
  const query = { name: { $regex: '(?<!a)b' } }
  expect(after({ $update: { labels: { $query: query, $update: { x: 1 } } } }, document(items))).toMatchObject(
    {
      labels: [{ name: 'ab' }, { name: 'aa' }, { name: 'b', x: 1 }, { name: 'x' }],
    },
  )
  const all = Array.from({ length: 2000 }, (_, at) => at)
  const long = document({ labels: Array.from({ length: 10_000 }, () => all.slice(0, 3)) })
  expect(after({ $pull: { labels: { $all: all } } }, long)['labels']).toHaveLength(10_000)
  for (const $regex of ['a(?=b)', '(a)\\1'])
    expect(() =>
      applyTransaction(
        document({ labels }),
        updateTx({ $pull: { labels: { $regex } } }),
        new WorkMeter(MAX_REQUEST_STEPS, invalidTransaction),
      ),
    ).toThrow(satisfying(coded('core:status:InvalidTransaction')))
  expect(() => after({ $pull: { labels: { $regex: '(?=a)(a+)+$' } } })).toThrow(
    satisfying(coded('core:status:InvalidTransaction')),
  )
})
