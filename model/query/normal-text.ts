/** A text in one Unicode form, and where its parts stand in the original, in UTF-16 units. */
export interface NormalText {
  text: string
  /** Where the character that this unit is of begins. */
  start: (at: number) => number
  /** Where the character that the unit before this one is of ends. */
  end: (at: number) => number
}

/** What is not seen: soft hyphens, joiners, marks of direction, selectors of variants. */
const unseen = /\p{Default_Ignorable_Code_Point}/gu
/** A character with all that changes what it is: marks, vowels and finals of Hangul, the voice marks of half-width kana. */
const characters = /[^](?:[\p{M}\p{Default_Ignorable_Code_Point}\u1160-\u11FF\uFF9E\uFF9F])*/gu
/** A sign made of letters, such as `™` and `㎏`. */
const sign = /^\p{So}/u
const isLatin = /\p{Script=Latin}/u

/** NFKC without what is not seen. Letters that a sign is made of stand by themselves. */
export function normalText(text: string): NormalText {
  // A new search, as the expression keeps where it stopped.
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
