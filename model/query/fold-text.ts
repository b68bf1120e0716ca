/** Letters with a stroke and joined letters, which have no decomposition in Unicode. */
const plainLetters: Readonly<Record<string, string>> = {
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
}
const withoutDecomposition = new RegExp(`[${Object.keys(plainLetters).join('')}]`, 'g')

/** Marks on letters of scripts whose readers also write without them. In other scripts a mark makes another letter. */
const withMarks = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Hebrew}\p{Script=Arabic}])(\p{M}+)/gu
/** Cyrillic vowels with a stress mark, as dictionaries have it. */
const withStress = /([аеиоуыэюяіє])[\u0300\u0301]/g

/** One form of letters that are the same but for case and encoding: NFKC, and a case folding of all scripts. */
export function foldText(text: string): string {
  // Up and down, as `ß` becomes two letters in upper case only, and `ẞ` is none of them; a final sigma is a sigma.
  return text
    .normalize('NFKC')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .normalize('NFKC')
}

/** A folded text without accents: `résumé` is `resume`, `ё` is `е`, and `й` stays; without the stretching of Arabic too. */
export function withoutAccents(folded: string): string {
  return folded
    .normalize('NFD')
    .replace(withMarks, (_, letter: string, marks: string) => letter + marks.replace(/\p{Mn}/gu, ''))
    .replace(withStress, '$1')
    .normalize('NFC')
    .replaceAll('ё', 'е')
    .replaceAll('\u0640', '')
    .replace(withoutDecomposition, (letter) => plainLetters[letter] ?? letter)
}
