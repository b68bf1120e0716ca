import type { ModelVersion } from './accounts/accounts-client.ts'

/** @param version `major.minor.patch`, validated by the configuration */
export function parseVersion(version: string): ModelVersion {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return { major, minor, patch }
}
