import { describe, expect, test } from '@jest/globals'
import { Search, type SearchPhrase } from './search.ts'
import { wordsIn } from './search-words.ts'
import { expectFor } from '../../tests/support/expecting.ts'

type Case = [text: string, search: string, isFound: boolean]

const finds = (texts: string[], phrase: SearchPhrase, _class = '') => new Search(phrase).finds(_class, texts)
const check = (cases: readonly Case[]) => {
  for (const [text, search, isFound] of cases)
    expectFor(`${search} in ${text}`, finds([text], { text: search })).toBe(isFound)
}

describe('full-text search', () => {
  test('DOC-28: words are runs of letters, digits and their marks in any script', () => {
    const words = (text: string) => wordsIn(text, { accents: true }).map((word) => word.text)
    expect(words('It’s 2nd-hand, Ünï')).toStrictEqual(['it', 's', '2nd', 'hand', 'ünï'])
    expect(words('हिन्दी में')).toStrictEqual(['हिन्दी', 'में'])
    expect(words('foo😀bar <b>')).toStrictEqual(['foo', 'bar', 'b'])
  })

  test('DOC-61: words match in any case and any Unicode form', () => {
    check([
      ['Straße', 'STRASSE', true],
      ['ＡＢＣ １２', 'abc 12', true],
      ['ﬁne', 'fine', true],
      ['ΚΌΣΜΟΣ', 'κόσμος', true],
      ['cafe\u0301', 'café', true],
      ['5㎏', 'kg', true],
      ['atrium™', '"atrium"', true],
      ['STRAẞE', 'straße', true],
      ['㌔グラム', 'キログラム', true],
      ['㍿日立', '会社', true],
      ['น้ำ', 'น้\u0E4D\u0E32', true],
      ['한글', '\u1112\u1161\u11AB글', true],
      ['ｶﾞｽ', 'ガス', true],
      ['İstanbul', 'istanbul', true],
    ])
  })

  test('DOC-66: invisible characters do not change words', () => {
    check([
      ['Donau\u00ADdampf', 'donaudampf', true],
      ['क्\u200Dष', 'क्ष', true],
      ['می\u200Cخواهم', 'میخواهم', true],
      ['\u2067שלום\u2069', '"שלום"', true],
      ['葛\u{E0100}飾', '葛飾', true],
    ])
  })

  test('DOC-67: positions of words refer to the text as it was written', () => {
    const places = (text: string) =>
      wordsIn(text, { accents: false }).map(({ from, to }) => text.slice(from, to))
    expect(places('Ａtrium™ do\u00ADing 5㎏')).toStrictEqual(['Ａtrium', '™', 'do\u00ADing', '5', '㎏'])
    expect(places('e\u0301tudes ｶﾞｽ')).toStrictEqual(['e\u0301tudes', 'ｶﾞｽ', 'ｽ'])
  })

  test('DOC-68: the words of a text are found in time linear in its length, however many marks it has', () => {
    for (const text of [
      'क' + '\u0941'.repeat(200_000),
      'e' + '\u0301'.repeat(200_000),
      'a\u00AD'.repeat(200_000),
    ])
      expect(wordsIn(text, { accents: false })).toHaveLength(1)
  })

  test('DOC-62: accents are ignored, unless the class says otherwise', () => {
    check([
      ['résumé', 'resume', true],
      ['resume', 'résumé', true],
      ['Łódź', 'lodz', true],
      ['Ærø', 'aero', true],
      ['ёлка', 'елка', true],
      ['мой', 'мои', false],
      ['за\u0301мок', 'замок', true],
      ['محمـــد', 'محمد', true],
      ['שָׁלוֹם', 'שלום', true],
      ['が', 'か', false],
    ])
    const inSwedish = { accented: ['app:class:Swedish'] }
    const found = (text: string, search: string, _class: string) =>
      finds([text], { text: search, ...inSwedish }, _class)
    expect(found('år', 'ar', 'app:class:Swedish')).toBe(false)
    expect(found('år', 'ÅR', 'app:class:Swedish')).toBe(true)
    expect(found('år', 'ar', 'app:class:Note')).toBe(true)
  })

  test('DOC-63: any run of characters is found in scripts without spaces', () => {
    check([
      ['東京都庁', '京都', true],
      ['東京都庁', '都庁', true],
      ['東京都庁', '庁', true],
      ['東京都庁', '東', true],
      ['東京都庁', '東都', false],
      ['東京と京都', '京と京', true],
      ['東京 京都', '東京京', false],
      ['iPhone用ケース', 'ケース iph', true],
      ['iPhone用ケース', 'ース', true],
      ['ภาษาไทยง่าย', 'ไทย', true],
      ['ภาษาไทยง่าย', 'ไทง', false],
      ['서울에서', '서울', true],
    ])
  })

  test('DOC-64: words in quotes match whole words that follow each other', () => {
    check([
      ['a quick brown fox', '"quick brown"', true],
      ['a quick brown fox', '“Quick Brown” fo', true],
      ['a quick brown fox', '"brown quick"', false],
      ['a quick brown fox', '"quick bro"', false],
      ['a quick brown fox', 'brown quick', true],
      ['a quick brown fox', '"quick', true],
      ['a quick brown fox', '""', false],
      ['東京タワー view', '"タワー view"', true],
      ['東京タワー view', '"タワ view"', false],
    ])
    expect(finds(['a quick', 'brown fox'], { text: '"quick brown"' })).toBe(false)
    expect(finds(['a quick', 'brown fox'], { text: 'quick brown' })).toBe(true)
  })

  test('DOC-65: `$prefix` says which words match the beginning of a word', () => {
    const found = (text: string, prefix: SearchPhrase['prefix']) =>
      finds(['quick brown fox'], { text, prefix })
    expect([found('qui bro', 'all'), found('qui bro', undefined)]).toStrictEqual([true, true])
    expect([found('qui bro', 'last'), found('quick bro', 'last')]).toStrictEqual([false, true])
    expect([found('quick bro', 'none'), found('brown quick', 'none')]).toStrictEqual([false, true])
  })
})
