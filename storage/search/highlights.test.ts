import { describe, expect, test } from '@jest/globals'
import type { Doc } from '../../model/documents.ts'
import { Search } from '../../model/query/search.ts'
import { highlightsOf } from './highlights.ts'
import { expectThat } from '../../tests/support/expecting.ts'

const within = (title: string, text: string) =>
  highlightsOf({ _class: 'test:class:Note', title } as unknown as Doc, [['title']], new Search({ text }))

describe('highlights', () => {
  test('STO-115: a word that occurs 300,000 times in a text is highlighted in the displayed piece of the text', () => {
    const [highlight] = within(`${'x'.repeat(100)} ${'glass '.repeat(300_000)}`, 'glass')
    expectThat(highlight)
    expect(highlight.text).toHaveLength(240)
    expect(highlight.marks.length).toBeGreaterThan(20)
    expect(highlight.marks.length).toBeLessThanOrEqual(40)
    for (const [from, to] of highlight.marks.slice(0, 20))
      expect(highlight.text.slice(from, to)).toBe('glass')
  })

  test('STO-116: adjacent matching characters of scripts without spaces have one highlight', () => {
    expect(within('これは東京都庁です', '東京都')).toStrictEqual([
      { field: 'title', text: 'これは東京都庁です', marks: [[3, 6]] },
    ])
    expect(within('東京 の 東', '東')).toStrictEqual([
      {
        field: 'title',
        text: '東京 の 東',
        marks: [
          [0, 1],
          [5, 6],
        ],
      },
    ])
  })
})
