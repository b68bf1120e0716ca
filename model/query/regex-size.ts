import { partsOf } from './regex-syntax.ts'

/** A Unicode property such as `\pL` has hundreds of ranges. It takes about as long to compile as this many characters. */
const PROPERTY_SIZE = 25
/** What a capturing group adds to its content. */
const GROUP_SIZE = 2

/**
 * An upper estimate of the instructions of a compiled expression, in time linear in its text. A counted repetition
 * multiplies its content, so it is estimated before the engine compiles it. Invalid expressions have a size, too.
 */
export function regexSize(source: string): number {
  const outer: number[] = []
  let [sum, last] = [0, 0]
  for (const { text } of partsOf(source)) {
    if (text.startsWith('(') && !text.endsWith(')')) {
      outer.push(sum)
      sum = last = 0
    } else if (text === ')') {
      last = sum + GROUP_SIZE
      sum = (outer.pop() ?? 0) + last
    } else {
      const before = isRepetition(text) ? last : 0
      last = isRepetition(text) ? repeatedSize(last, text) : sizeOf(text)
      sum += last - before
    }
  }
  return outer.reduce((total, each) => total + each, sum)
}

function isRepetition(part: string): boolean {
  return part === '*' || part === '+' || part === '?' || /^\{\d/.test(part)
}

/** `{5}` becomes five copies; in `{2,5}` three of the five are optional; `{2,}` becomes two and a repetition. */
function repeatedSize(size: number, repetition: string): number {
  const [least = 1, most = least] = (repetition.match(/\d+/g) ?? []).map(Number)
  return size * Math.max(1, most) + Math.max(1, most - least)
}

function sizeOf(part: string): number {
  const properties = /^\\[pP]|^\[/.test(part) ? (part.match(/\\[pP]/g)?.length ?? 0) : 0
  const quoted = part.startsWith('\\Q') ? part.length : 1
  return quoted + properties * PROPERTY_SIZE
}
