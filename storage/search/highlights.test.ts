import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Doc } from '../../model/documents.ts'
import { Search } from '../../model/query/search.ts'
import { highlightsOf } from './highlights.ts'

const within = (title: string, text: string) =>
  highlightsOf({ _class: 'test:class:Note', title } as unknown as Doc, [['title']], new Search({ text }))

test('STO-115: a word that stands in a text 300,000 times is marked where the piece of the text is', () => {
  const [highlight] = within(`${'x'.repeat(100)} ${'glass '.repeat(300_000)}`, 'glass')
  assert.equal(highlight?.text.length, 240)
  assert.ok(highlight.marks.length > 20 && highlight.marks.length <= 40)
  for (const [from, to] of highlight.marks.slice(0, 20)) assert.equal(highlight.text.slice(from, to), 'glass')
})

test('STO-116: characters of scripts without spaces that stand together have one mark', () => {
  assert.deepEqual(within('これは東京都庁です', '東京都'), [
    { field: 'title', text: 'これは東京都庁です', marks: [[3, 6]] },
  ])
  assert.deepEqual(within('東京 の 東', '東'), [
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
