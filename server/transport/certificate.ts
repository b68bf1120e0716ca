import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { codeOf, messageOf } from '../../model/error-details.ts'
import { ConfigurationError } from '../configuration/configuration-error.ts'

export interface Certificate {
  cert: string
  key: string
}

/**
 * The certificate and key of HTTPS; `undefined` when neither is configured.
 * @throws ConfigurationError that names the option whose file is missing or wrong
 */
export function readCertificate(files: {
  tlsCert: string | undefined
  tlsKey: string | undefined
}): Certificate | undefined {
  const { tlsCert, tlsKey } = files
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined)
    throw new ConfigurationError('ATRIUM_TLS_CERT is missing, and ATRIUM_TLS_KEY needs it')
  if (tlsKey === undefined)
    throw new ConfigurationError('ATRIUM_TLS_KEY is missing, and ATRIUM_TLS_CERT needs it')
  const cert = contentOf('ATRIUM_TLS_CERT', tlsCert)
  const key = contentOf('ATRIUM_TLS_KEY', tlsKey)
  check(`ATRIUM_TLS_CERT: ${tlsCert} is no certificate`, { cert })
  check(`ATRIUM_TLS_KEY: ${tlsKey} is no key`, { key })
  check(`ATRIUM_TLS_KEY: ${tlsKey} is not the key of ATRIUM_TLS_CERT ${tlsCert}`, { cert, key })
  return { cert, key }
}

function contentOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigurationError(`${name}: ${path} cannot be read: ${codeOf(error) ?? messageOf(error)}`)
  }
}

function check(complaint: string, parts: Partial<Certificate>): void {
  try {
    createSecureContext(parts)
  } catch {
    // The message of OpenSSL may show a part of the key.
    throw new ConfigurationError(complaint)
  }
}
