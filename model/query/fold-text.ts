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
const optionalMarks =
  /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Hebrew}\p{Script=Arabic}]\p{M}*)\p{Mn}+/gu

/** One form of letters that are the same but for case and encoding: NFKC, and a case folding of all scripts. */
export function foldText(text: string): string {
  // Twice, as `ß` becomes two letters in upper case only; a final sigma is a sigma.
  return text.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKC')
}

/** A folded text without accents: `résumé` is `resume`, `ё` is `е`, and `й` stays. */
export function withoutAccents(folded: string): string {
  return folded
    .normalize('NFD')
    .replace(optionalMarks, '')
    .normalize('NFC')
    .replaceAll('ё', 'е')
    .replace(withoutDecomposition, (letter) => plainLetters[letter] ?? letter)
}
