import { describe, expect, test } from '@jest/globals'
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
]
const rulePattern = /^- ([A-Z]+-\d+): (.+)$/gm

/** The rules of a page: `- WIRE-3: sentence.` */
function rulesIn(page: string): { number: string; sentence: string }[] {
  return [...readFileSync(join(root, page), 'utf8').matchAll(rulePattern)].map(
    ([, number = '', sentence = '']) => ({ number, sentence }),
  )
}

const pages = ['SPEC.md', 'CONTRIBUTING.md']
const rules = pages.flatMap(rulesIn)

/** The rule ids at the beginning of test titles, by file: text after a quote and before a colon. */
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

describe('specification', () => {
  test('CFG-90: every rule of SPEC.md and of this page has a test whose title begins with its number', () => {
    const tested = new Set(titles.map(({ number }) => number))
    expect(rules.length).toBeGreaterThan(100)
    expect(rules.filter(({ number }) => !tested.has(number))).toStrictEqual([])
  })

  test('CFG-91: every number at the beginning of a test’s title is that of a rule', () => {
    const known = new Set(rules.map(({ number }) => number))
    expect(titles.filter(({ number }) => !known.has(number))).toStrictEqual([])
  })

  test('CFG-92: the number of a rule is unique, the numbers of a section ascend, and each rule is one sentence', () => {
    const numbers = rules.map(({ number }) => number)
    expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toStrictEqual([])
    expect(rules.filter(({ sentence }) => !sentence.endsWith('.'))).toStrictEqual([])
  })

  test('CFG-92: the numbers of a page ascend within their section', () => {
    const last = new Map<string, number>()
    const disordered = pages.flatMap((page) => {
      last.clear()
      return rulesIn(page).filter(({ number }) => {
        const [section = '', own = ''] = number.split('-')
        const before = last.get(section) ?? 0
        last.set(section, Number(own))
        return Number(own) <= before
      })
    })
    expect(disordered).toStrictEqual([])
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
})
