import { invalidQuery } from './invalid-query.ts'

/** Maximum length of `$regex` and `$like` patterns. */
export const MAX_PATTERN_LENGTH = 1000

/** Flags that JavaScript, PCRE and SQLite functions share; `x` is not among them. */
const allowedFlags = /^[ims]*$/

/** Rejects invalid expressions, and repetitions with exponential backtracking. */
export function checkRegex(source: string, flags: string): void {
  if (source.length > MAX_PATTERN_LENGTH)
    throw invalidQuery('pattern too long', { limit: MAX_PATTERN_LENGTH })
  if (!allowedFlags.test(flags) || new Set(flags).size !== flags.length) {
    throw invalidQuery('$options takes i, m and s', { $options: flags.slice(0, 32) })
  }
  try {
    new RegExp(source, flags)
  } catch (error) {
    throw invalidQuery(error instanceof Error ? error.message : 'not a regular expression')
  }
  if (hasNestedRepetition(source))
    throw invalidQuery('the pattern repeats a group that contains repetitions or alternatives')
}

interface Group {
  /** Contains an unbounded repetition, or alternatives, at any depth. */
  branches: boolean
}

function hasNestedRepetition(source: string): boolean {
  const open: Group[] = [{ branches: false }]
  let closed: Group | undefined
  for (const token of tokens(source)) {
    const group = open.at(-1)
    if (group === undefined) return false
    if (isUnbounded(token)) {
      if (closed?.branches === true) return true
      group.branches = true
    } else if (token === '|') group.branches = true
    if (token.startsWith('(')) open.push({ branches: false })
    closed = token === ')' ? closeGroup(open) : undefined
  }
  return false
}

function closeGroup(open: Group[]): Group | undefined {
  const closed = open.pop()
  const outer = open.at(-1)
  if (closed?.branches === true && outer !== undefined) outer.branches = true
  return closed
}

function isUnbounded(token: string): boolean {
  return token === '*' || token === '+' || /^\{\d+,(\d*)\}$/.test(token)
}

/** Escapes, classes and counted repetitions are single tokens. All else is split into characters. */
function tokens(source: string): string[] {
  return source.match(/\\[^]|\[(?:\\[^]|[^\]\\])*\]|\{\d+,?\d*\}|\(\?<?[=!:]|[^]/g) ?? []
}
