import { stepsOfSearch, type WorkMeter } from './work-meter.ts'

/** Wildcards, and escaped characters. */
const special = /%+|\\[%\\]/g

/**
 * The meaning of `like` as a regular expression: `%` is any run of characters including line breaks, `\%` a percent
 * sign, `\\` a backslash. It matches the whole value, with the case folding of the flags `iu`. For adapters that
 * cannot call {@link compileLike}.
 */
export function likeToRegExp(pattern: string): RegExp {
  return new RegExp(`^${likeParts(pattern).map(escapeRegExp).join('.*')}$`, 'isu')
}

/** The texts between the wildcards of a pattern. */
function likeParts(pattern: string): string[] {
  const parts: string[] = []
  let [text, end] = ['', 0]
  for (const { 0: found, index } of pattern.matchAll(special)) {
    text += pattern.slice(end, index)
    end = index + found.length
    if (found.startsWith('%')) {
      parts.push(text)
      text = ''
    } else text += found.slice(1)
  }
  return [...parts, text + pattern.slice(end)]
}

/**
 * Equivalent to {@link likeToRegExp}, but finds each part between wildcards once, from left to right. One expression
 * with many `.*` would take polynomial time. A part is plain text, so the time is at most the product of the value's
 * length and that of the longest part, which the meter must have left.
 */
export function compileLike(pattern: string, meter?: WorkMeter): (value: string) => boolean {
  const test = likeTest(pattern)
  if (meter === undefined) return test
  const longest = likeParts(pattern).reduce((length, part) => Math.max(length, part.length), 0)
  return (value) => {
    meter.spend(stepsOfSearch(value.length, longest))
    return test(value)
  }
}

function likeTest(pattern: string): (value: string) => boolean {
  const parts = likeParts(pattern).map(escapeRegExp)
  if (parts.length === 1) return whole(parts[0] ?? '')
  const prefix = new RegExp(parts[0] ?? '', 'iuy')
  const end = likeParts(pattern).at(-1) ?? ''
  const suffix = new RegExp(`${escapeRegExp(end)}$`, 'iuy')
  const middle = parts.slice(1, -1).map((part) => new RegExp(part, 'giu'))
  return (value) => {
    let position = endOfMatch(prefix, value, 0)
    for (const part of middle) {
      if (position < 0) return false
      position = endOfMatch(part, value, position)
    }
    // Characters that are equal when case is ignored have the same number of units.
    const start = value.length - end.length
    return position >= 0 && position <= start && endOfMatch(suffix, value, start) >= 0
  }
}

export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

function whole(part: string): (value: string) => boolean {
  const expression = new RegExp(`^${part}$`, 'iu')
  return (value) => expression.test(value)
}

/** The end of the match that starts at `from` or later; -1 if there is none. */
function endOfMatch(expression: RegExp, value: string, from: number): number {
  expression.lastIndex = from
  return expression.test(value) ? expression.lastIndex : -1
}
