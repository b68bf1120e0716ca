import type { ModelVersion } from './accounts/accounts-client.ts'

/** `major.minor.patch`, as the configuration has checked it. */
export function parseVersion(version: string): ModelVersion {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return { major, minor, patch }
}
