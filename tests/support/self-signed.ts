import { spawnSync } from 'node:child_process'

interface Pair {
  key: string
  cert: string
}

/** A self-signed key and certificate; `undefined` where there is no `openssl`. */
export function selfSigned(): Pair | undefined {
  const kind = ['-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=127.0.0.1', '-days', '2']
  const { status, stdout } = spawnSync('openssl', ['req', '-x509', ...kind, '-keyout', '-', '-out', '-'], {
    encoding: 'utf8',
  })
  if (status !== 0) return undefined
  const parts = stdout.split(/(?=-----BEGIN CERTIFICATE-----)/)
  return { key: parts[0] ?? '', cert: parts[1] ?? '' }
}

/** What a rotation leaves for a moment: empty files, halves of them, and a chain whose second certificate is cut. */
export function cutAnywhere({ cert, key }: Pair = { cert: '', key: '' }): Pair[] {
  const half = (text: string) => text.slice(0, text.length / 2)
  return [
    { cert: '', key: '' },
    { cert: '', key },
    { cert, key: '' },
    { cert: '\n', key: 'x' },
    { cert: half(cert), key },
    { cert, key: half(key) },
    { cert: `${cert}${half(cert)}`, key },
    { cert: `${cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, key },
  ]
}
