import { setTimeout as wait } from 'node:timers/promises'

/** Waits for an effect of another process or thread. */
export async function waitUntil(
  holds: () => boolean | Promise<boolean>,
  what: string,
  timeout = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeout
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about in ${timeout} ms`)
    await wait(5)
  }
}
