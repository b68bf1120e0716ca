/**
 * Resolves with the outcome of the work, or rejects with `late` at the limit. What comes of the work later is ignored.
 * The time is counted in two halves: however long something else blocked the event loop, the work has one half of the
 * limit in which it could have gone on.
 * @param milliseconds the limit
 */
export async function withinLimit<T>(
  work: PromiseLike<T>,
  milliseconds: number,
  late: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      const half = milliseconds / 2
      timer = setTimeout(() => (timer = setTimeout(() => reject(late()), half).unref()), half).unref()
      work.then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
  }
}
