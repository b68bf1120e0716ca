import { test } from 'node:test'
import { areRequired, type MissingService } from './service.ts'

/** Runs with what was found; without it, a skipped test says why, or a failed one where services are required. */
export function withFound<T extends object>(
  title: string,
  found: T | MissingService,
  run: (service: T) => void,
): void {
  if (!('missing' in found)) {
    run(found)
    return
  }
  const { missing } = found
  void test(title, areRequired ? {} : { skip: missing }, () => {
    throw new Error(missing)
  })
}
