import { spawnSync } from 'node:child_process'

/** A self-signed key and certificate; `undefined` where there is no `openssl`. */
export function selfSigned(): { key: string; cert: string } | undefined {
  const kind = ['-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=127.0.0.1', '-days', '2']
  const { status, stdout } = spawnSync('openssl', ['req', '-x509', ...kind, '-keyout', '-', '-out', '-'], {
    encoding: 'utf8',
  })
  if (status !== 0) return undefined
  const parts = stdout.split(/(?=-----BEGIN CERTIFICATE-----)/)
  return { key: parts[0] ?? '', cert: parts[1] ?? '' }
}
