const ends: (() => unknown)[] = []

/** What a fixture leaves is taken away when the test that made it ends, the last first. */
export function onTestEnd(end: () => unknown): void {
  ends.push(end)
}

/** Each is awaited; one that fails does not keep the others from running. */
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
