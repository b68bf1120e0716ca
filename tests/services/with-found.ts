import { areRequired, type MissingService } from './service.ts'
import { testUnless } from '../support/test-unless.ts'

/**
 * Runs with the found service. Without it, a skipped test names the reason, or a failed one where services are
 * required.
 */
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
  testUnless(areRequired ? undefined : missing)(title, () => Promise.reject(new Error(missing)))
}
