import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './support/root.ts'

const folders = [
  'model',
  'protocol',
  'pipeline',
  'storage',
  'server',
  'client',
  'scripts',
  'tests',
  'examples',
  'console',
]
const rulePattern = /^- ([A-Z]+-\d+): (.+)$/gm

/** `- WIRE-3: sentence.` */
const rules = [...readFileSync(join(root, 'SPEC.md'), 'utf8').matchAll(rulePattern)].map(
  ([, number = '', sentence = '']) => ({ number, sentence }),
)

/** The rules that titles of tests begin with, by file: what follows a quote and is followed by a colon. */
const titles = folders.flatMap((folder) =>
  sourcesIn(folder).flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/['"`]([A-Z]{2,6}-\d+): /g)].map(
      ([, number = '']) => ({
        file,
        number,
      }),
    ),
  ),
)

function sourcesIn(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => join(folder, file))
  } catch {
    return []
  }
}

test('CFG-90: every rule of SPEC.md has a test whose title begins with it', () => {
  const tested = new Set(titles.map(({ number }) => number))
  expect(rules.length).toBeGreaterThan(100)
  expect(rules.filter(({ number }) => !tested.has(number))).toStrictEqual([])
})

test('CFG-91: every test’s title that begins with a rule names one of SPEC.md', () => {
  const known = new Set(rules.map(({ number }) => number))
  expect(titles.filter(({ number }) => !known.has(number))).toStrictEqual([])
})

test('CFG-92: a rule’s number is its own, and each rule is one sentence', () => {
  const numbers = rules.map(({ number }) => number)
  expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toStrictEqual([])
  expect(rules.filter(({ sentence }) => !sentence.endsWith('.'))).toStrictEqual([])
})

test('CFG-93: every test has a title that begins with a rule', () => {
  const tests = folders.flatMap(sourcesIn).filter((file) => file.endsWith('.test.ts'))
  const nameless = tests.flatMap((file) =>
    [
      ...readFileSync(join(root, file), 'utf8').matchAll(
        /^ *(?:test|it|testUnless\(.*\)|test\.each\([\s\S]*?\))\(\s*(['"`])(?!\$\{|%s'|[A-Z]{2,6}-\d+: )/gm,
      ),
    ].map(() => file),
  )
  expect(nameless).toStrictEqual([])
})
