import { foldText, withoutAccents } from './fold-text.ts'
import { normalText } from './normal-text.ts'

/** An indexed word, with its position in the text in UTF-16 units. */
export interface Word {
  text: string
  from: number
  to: number
  /** A character of a script without spaces, with its successor if there is one. */
  pair?: {
    /** The first character alone. */
    character: string
    /** The end of the first character. */
    end: number
    /** The character has no successor. */
    isLast: boolean
  }
}

export interface WordOptions {
  /** Keep accents, so that `résumé` differs from `resume`. */
  accents: boolean
}

/** Scripts written without spaces between words. */
const unspaced =
  '(?=[\\p{L}\\p{N}])[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]'
const pieces = new RegExp(`(${unspaced}\\p{M}*)|(?:(?!${unspaced})[\\p{L}\\p{N}]\\p{M}*)+`, 'gu')
const wordsOfPiece = /(?:[\p{L}\p{N}]\p{M}*)+/gu
const onlyAscii = /^[\0-\x7F]*$/
const asciiWords = /[a-zA-Z0-9]+/g

/**
 * The words of a text in order: runs of letters and digits of any script, normalized in case, encoding (NFKC) and,
 * unless they are kept, accents. In scripts without spaces, a word is a character with its successor, so that any
 * substring can be found.
 */
export function wordsIn(text: string, { accents }: WordOptions): Word[] {
  if (onlyAscii.test(text)) return asciiWordsIn(text)
  const fold = accents ? foldText : (piece: string) => withoutAccents(foldText(piece))
  const words: Word[] = []
  let previous: Word | undefined
  /** End of the last character. */
  let behind = 0
  const normal = normalText(text)
  for (const match of normal.text.matchAll(pieces)) {
    const [piece, character] = match
    const [from, to] = [normal.start(match.index), normal.end(match.index + piece.length)]
    if (character === undefined) {
      for (const [word] of fold(piece).matchAll(wordsOfPiece)) words.push({ text: word, from, to })
      previous = undefined
    } else {
      const single = fold(character)
      if (previous?.pair !== undefined && behind === match.index) join(previous, single, to)
      behind = match.index + piece.length
      previous = { text: single, from, to, pair: { character: single, end: to, isLast: true } }
      words.push(previous)
    }
  }
  return words
}

function join(word: Word, next: string, to: number): void {
  const { pair } = word
  word.text += next
  word.to = to
  if (pair !== undefined) pair.isLast = false
}

function asciiWordsIn(text: string): Word[] {
  const words: Word[] = []
  for (const match of text.matchAll(asciiWords))
    words.push({ text: match[0].toLowerCase(), from: match.index, to: match.index + match[0].length })
  return words
}
