/** Normalized text, with a mapping of positions to the original text, in UTF-16 units. */
export interface NormalText {
  text: string
  /** The start of the original character of this unit. */
  start: (at: number) => number
  /** The end of the original character of the previous unit. */
  end: (at: number) => number
}

/** Invisible characters: soft hyphens, joiners, direction marks, variation selectors. */
const unseen = /\p{Default_Ignorable_Code_Point}/gu
/** A character with its modifiers: marks, vowels and finals of Hangul, voice marks of half-width kana. */
const characters = /[^](?:[\p{M}\p{Default_Ignorable_Code_Point}\u1160-\u11FF\uFF9E\uFF9F])*/gu
/** A symbol composed of letters, such as `™` and `㎏`. */
const sign = /^\p{So}/u
const isLatin = /\p{Script=Latin}/u

/** NFKC without invisible characters. The letters of a symbol become separate words. */
export function normalText(text: string): NormalText {
  // `search` ignores the `lastIndex` of the expression.
  const isNormal = text.search(unseen) < 0 && text.normalize('NFKC') === text
  if (isNormal) return { text, start: (at) => at, end: (at) => at }
  const [starts, ends]: [number[], number[]] = [[], []]
  let normal = ''
  for (const { 0: character, index } of text.matchAll(characters)) {
    const form = formOf(character)
    normal += form
    for (let unit = 0; unit < form.length; unit++) {
      starts.push(index)
      ends.push(index + character.length)
    }
  }
  return { text: normal, start: (at) => starts[at] ?? text.length, end: (at) => ends[at - 1] ?? 0 }
}

function formOf(character: string): string {
  const form = character.normalize('NFKC').replace(unseen, '')
  return sign.test(character) && isLatin.test(form) ? ` ${form} ` : form
}
