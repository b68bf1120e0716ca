const ends: (() => unknown)[] = []

/** Cleans up after a fixture at the end of its test, in reverse order. */
export function onTestEnd(end: () => unknown): void {
  ends.push(end)
}

/** Each is awaited; a failing one does not prevent the others. */
export async function endTest(): Promise<void> {
  const errors: unknown[] = []
  for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
    try {
      await end()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, 'a test did not end well')
}
