import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { expectFor, satisfying } from '../../tests/support/expecting.ts'
import { propertyParameters } from '../../tests/support/property-parameters.ts'
import { applyTransaction } from '../apply-transaction.ts'
import { boardHierarchy, coded, document, fieldsOf, Task, updateTx } from '../fixture.ts'
import { compileLike } from './like.ts'
import { planFind } from './plan-find.ts'
import { checkRegex, compileRegex, MAX_REGEX_SIZE } from './regex.ts'
import { MAX_QUERY_REGEX_SIZE } from './parse-condition.ts'

const invalid = coded('core:status:InvalidQuery')

const long = `${'a'.repeat(100_000)}!`
/** Each takes exponential or polynomial time in an engine that backtracks. */
const slow = [
  '^.*.*.*.*.*.*.*.*.*.*x$',
  '(a+)+$',
  '(a|a)*b',
  '(a*)*b',
  '(?:a?){30}a{30}b',
  '([a-z]+)*[0-9]',
  '^(a|aa)+$b',
]

test('LIM-1: an expression takes time linear in the text, however it repeats', () => {
  for (const source of slow) expectFor(source, compileRegex(source, '')(long)).toBe(false)
})

test('LIM-1: the expression of a $pull takes time linear in the text', () => {
  const doc = document({ tags: [long] })
  for (const $regex of slow) {
    const kept = fieldsOf(applyTransaction(doc, updateTx({ $pull: { tags: { $regex } } })))
    expectFor($regex, kept['tags']).toStrictEqual([long])
  }
})

test('LIM-1: $like takes at most time of the value times its longest part', () => {
  const text = 'a'.repeat(200_000)
  for (const pattern of [`%${'a'.repeat(500)}b`, `%${'a'.repeat(500)}b%`, `${'%a'.repeat(450)}%b`])
    expectFor(pattern, compileLike(pattern)(text)).toBe(false)
})

const unsupported: readonly [source: string, construct: string][] = [
  ['a(?=b)', 'lookahead'],
  ['a(?!b)', 'lookahead'],
  ['(?<=a)b', 'lookbehind'],
  ['(?<!a)b', 'lookbehind'],
  ['(a)\\1', 'a backreference'],
  ['(?<n>a)\\k<n>', 'a named backreference'],
  ['(?P<n>a)(?P=n)', 'a named backreference'],
  ['a++', 'a possessive repetition'],
  ['a{2}+', 'a possessive repetition'],
  ['(?>a)b', 'an atomic group'],
  ['(a)(?(1)b|c)', 'a conditional group'],
  ['(?R)', 'recursion'],
  ['(?1)', 'recursion'],
  ['(?|a|b)', 'a branch reset'],
  ['(?#a)b', 'a comment'],
  ['(*UCP)a', 'a verb'],
  ['a\\Z', 'the escape \\Z'],
  ['\\Ga', 'the escape \\G'],
  ['\\h', 'the escape \\h'],
  ['\\u0041', 'the escape \\u'],
  ['a**', 'a repetition of a repetition'],
]

test('LIM-2: syntax that no linear-time engine has is refused by its name', () => {
  for (const [source, construct] of unsupported) {
    const named = satisfying(
      coded('core:status:InvalidQuery', { message: `$regex does not support ${construct}` }),
    )
    expectFor(source, () => checkRegex(source, '')).toThrow(named)
  }
})

test('LIM-2: text that only looks like such syntax is accepted', () => {
  for (const source of ['[(?=)]', '\\(\\?=', '\\Q(?=a)++\\E', '[*+]+', '\\*+', 'a{,3}', '(?:a+)?b'])
    expectFor(source, () => checkRegex(source, '')).not.toThrow()
})

test('LIM-3: an expression that counted repetitions make too large is refused before it is compiled', () => {
  const tooLarge = satisfying(coded('core:status:InvalidQuery', { limit: MAX_REGEX_SIZE }))
  const large = ['(a{1000}){1000}', '((a{100}){100}){100}', 'a{1000}'.repeat(140), '\\pL{900}', '(a?){800}']
  for (const source of [
    ...large,
    '(((a?){10}){10}){10}',
    `[${'\\pL'.repeat(300)}]`,
    '('.repeat(400) + ')*'.repeat(300),
  ])
    expectFor(source, () => checkRegex(source, 'i')).toThrow(satisfying(invalid))
  for (const source of large) expectFor(source, () => checkRegex(source, '')).toThrow(tooLarge)
  for (const source of ['a{1000}', '[a-z]{3,500}', '(ab{2}){100}', '\\d{4}-\\d{2}', '\\pL'.repeat(40)])
    expectFor(source, () => checkRegex(source, '')).not.toThrow()
})

test('LIM-3: all expressions of a query together have a limit', () => {
  const $regex = 'a{1000}'
  const cases = Array.from({ length: 6 }, (_, index) => ({ query: { $regex }, index }))
  const limited = satisfying(coded('core:status:InvalidQuery', { limit: MAX_QUERY_REGEX_SIZE }))
  expect(() => planFind(boardHierarchy(), Task, {}, { sort: { title: { order: 1, cases } } })).toThrow(
    limited,
  )
  const sort = { title: { order: 1 as const, cases: cases.slice(0, 4) } }
  expect(planFind(boardHierarchy(), Task, {}, { sort }).sort).toHaveLength(1)
})

test('LIM-4: an expression has the meaning that MongoDB gives it', () => {
  const meanings: [source: string, flags: string, text: string, matches: boolean][] = [
    ['^.$', '', '😀', true],
    ['a.b', '', 'a\nb', false],
    ['a.b', '', 'a\rb', true],
    ['a.b', 's', 'a\nb', true],
    ['^b$', 'm', 'a\nb\nc', true],
    ['^b$', 'm', 'a\rb\rc', false],
    ['^\\w+$', '', 'é', false],
    ['\\bé', '', 'é', false],
    ['^\\s$', '', '\u00a0', false],
    ['σ', 'i', 'ς', true],
    ['^ß$', 'i', 'SS', false],
    ['\\AA\\z', 'i', 'a', true],
    ['[[:alpha:]]{2}', '', 'ab', true],
    ['(?i)a(?-i)b', '', 'Ab', true],
    ['\\p{Greek}', '', 'λ', true],
    ['\\x{1F600}', '', '😀', true],
    ['(?<year>\\d{4})', '', 'in 2026', true],
    // The end of the text only, where PCRE also stops before a last line break.
    ['a$', '', 'a\n', false],
  ]
  for (const [source, flags, text, matches] of meanings)
    expectFor(`${source} ${flags} ${text}`, compileRegex(source, flags)(text)).toBe(matches)
})

const atom = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'é',
    '😀',
    '.',
    '\\d',
    '\\w',
    '\\W',
    '\\.',
    '[ab]',
    '[^a]',
    '[a-c1]',
    '^',
    '$',
    '\\b',
    '\\B',
  ),
)
/** Expressions of few repetitions, which the built-in engine runs at once on short texts. */
const safe = fc.letrec<{ expression: string; part: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3 },
    atom,
    tie('expression').map((inner) => `(?:${inner})`),
    fc
      .tuple(
        fc.constantFrom('a', 'b', '.', '[ab]', '\\w'),
        fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '*?'),
      )
      .map((x) => x.join('')),
  ),
  expression: fc.oneof(
    { maxDepth: 3 },
    fc.array(tie('part'), { minLength: 1, maxLength: 3 }).map((all) => all.join('')),
    fc.tuple(tie('part'), tie('part')).map((x) => x.join('|')),
  ),
})).expression

test('LIM-4: a match is that of the built-in engine, for syntax that both define alike', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', 'A', 'é', 'É', '😀', '1', ' ', '\n', '.'), {
    maxLength: 8,
  })
  const flags = fc.subarray(['i', 'm', 's']).map((all) => all.join(''))
  fc.assert(
    fc.property(
      safe,
      flags,
      texts.map((all) => all.join('')),
      (source, options, text) => {
        checkRegex(source, options)
        expect(compileRegex(source, options)(text)).toBe(new RegExp(source, `${options}u`).test(text))
      },
    ),
    propertyParameters({ numRuns: 20_000 }),
  )
})
