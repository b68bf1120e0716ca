import { MAX_FRAME_DEPTH, MAX_FRAME_KEYS, MAX_FRAME_VALUES, tooDeep, tooMany } from './frame-limits.ts'
import { KeyCount } from './key-count.ts'
import type { RequestId } from './messages.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Bytes of a member with a key of one character: `"a":0,`. */
const SHORTEST_MEMBER = 6

/** Up to this many bytes, a loop finds the end of a string faster than a search does. */
const SHORT_STRING = 32

/**
 * Counts the values of a JSON text and their depth without parsing it: `JSON.parse` has no limits. What is not JSON is
 * left to the parser. An empty object or array counts as two values.
 * @throws FrameFlaw if it has more than {@link MAX_FRAME_VALUES} values, {@link MAX_FRAME_KEYS} different keys or
 *   {@link MAX_FRAME_DEPTH} levels
 */
export function scanJson(text: Buffer): void {
  let [values, depth] = [1, 0]
  // A smaller text has fewer keys than are allowed.
  const keys = text.length > SHORTEST_MEMBER * MAX_FRAME_KEYS ? new KeyCount() : undefined
  let lastString = 0
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case QUOTE:
        lastString = at
        at = endOfString(text, at + 1)
        break
      case COLON:
        keys?.add(text, lastString, at)
        break
      case COMMA:
        values += 1
        break
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        values += 1
        depth += 1
        if (depth > MAX_FRAME_DEPTH) throw tooDeep()
        break
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1
        break
    }
    if (values > MAX_FRAME_VALUES) throw tooMany()
  }
}

/** The position of the quote at the end of the string that begins at `start`; the end of the text if there is none. */
function endOfString(text: Buffer, start: number): number {
  for (let at = start; at < start + SHORT_STRING; at++) {
    if (text[at] === BACKSLASH) at += 1
    else if (text[at] === QUOTE) return at
  }
  let from = start
  for (;;) {
    const quote = text.indexOf(QUOTE, from)
    if (quote < 0) return text.length
    if (!isEscaped(text, quote, start)) return quote
    from = quote + 1
  }
}

/** Whether an odd number of backslashes precedes the position. */
function isEscaped(text: Buffer, position: number, start: number): boolean {
  let at = position
  while (at > start && text[at - 1] === BACKSLASH) at -= 1
  return (position - at) % 2 === 1
}

/** Bytes at each end of a frame in which its id is looked for. */
const SEARCHED = 256
const idFirst = /^\s*\{\s*"id"\s*:\s*(-?\d{1,15}|"[^"\\]{0,128}")\s*[,}]/
/** Only the outermost object ends with the text. */
const idLast = /,\s*"id"\s*:\s*(-?\d{1,15})\s*\}\s*$/

/** The id of a request that is not parsed, where it is the first member, or a number and the last one. */
export function idInJson(text: Buffer): RequestId | undefined {
  const [, first] = idFirst.exec(text.toString('utf8', 0, SEARCHED)) ?? []
  if (first !== undefined) return first.startsWith('"') ? first.slice(1, -1) : Number(first)
  const [, last] = idLast.exec(text.toString('utf8', text.length - SEARCHED)) ?? []
  return last === undefined ? undefined : Number(last)
}
