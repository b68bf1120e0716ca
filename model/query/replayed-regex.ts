/**
 * Expressions in logs of earlier versions, which were run by the engine of JavaScript. It knows lookaround and
 * backreferences, which the linear-time engine lacks. They are run in replay only, never for a new request.
 */

interface Group {
  /** Contains an unbounded repetition, or alternatives, at any depth. */
  branches: boolean
}

/** Whether the earlier versions accepted it: its time is not exponential. */
export function wasAccepted(source: string, flags: string): boolean {
  try {
    new RegExp(source, flags)
  } catch {
    return false
  }
  return !hasNestedRepetition(source)
}

/** The expression must pass {@link wasAccepted}. */
export function compileReplayedRegex(source: string, flags: string): (text: string) => boolean {
  const expression = new RegExp(source, flags)
  return (text) => expression.test(text)
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
