/** Letters with a stroke and ligatures, which have no decomposition in Unicode. */
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

/** Diacritics of scripts that are also written without them. In other scripts a diacritic changes the letter. */
const withMarks = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Hebrew}\p{Script=Arabic}])(\p{M}+)/gu
/** Cyrillic vowels with a stress mark, as in dictionaries. */
const withStress = /([аеиоуыэюяіє])[\u0300\u0301]/g

/** Normalizes case and encoding: NFKC, and full case folding. */
export function foldText(text: string): string {
  // Upper and lower case: `ß` becomes two letters only in upper case. A final sigma becomes a sigma.
  return text
    .normalize('NFKC')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .normalize('NFKC')
}

/**
 * Removes accents from folded text: `résumé` becomes `resume`, `ё` becomes `е`, `й` stays. Also removes Arabic
 * tatweel.
 */
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
