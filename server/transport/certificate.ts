import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { codeOf, messageOf } from '../../model/error-details.ts'
import { ConfigurationError } from '../configuration/configuration-error.ts'

export interface Certificate {
  /** PEM: the certificate of the server, then those that lead to a root. */
  cert: string
  /** PEM. */
  key: string
}

const CERTIFICATES = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]*-----END \1-----/g
const KEY = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[^]*?-----END \1-----/

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
  check(`ATRIUM_TLS_CERT: ${tlsCert} is no certificate`, () => checkChain(cert))
  check(`ATRIUM_TLS_KEY: ${tlsKey} is no key`, () => checkKey(key))
  check(`ATRIUM_TLS_KEY: ${tlsKey} is not the key of ATRIUM_TLS_CERT ${tlsCert}`, () => checkPair(cert, key))
  return { cert, key }
}

function contentOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigurationError(`${name}: ${path} cannot be read: ${codeOf(error) ?? messageOf(error)}`)
  }
}

function check(complaint: string, test: () => void): void {
  try {
    test()
  } catch {
    // The message of OpenSSL may show a part of the key.
    throw new ConfigurationError(complaint)
  }
}

/** OpenSSL takes a file without a certificate, and ignores what follows the first damaged one of a chain. */
function checkChain(cert: string): void {
  const blocks = cert.match(CERTIFICATES)
  if (blocks === null || isCut(cert)) throw new Error('a whole certificate is missing')
  for (const block of blocks) new X509Certificate(block)
  createSecureContext({ cert })
}

function checkKey(key: string): void {
  if (!KEY.test(key) || isCut(key)) throw new Error('a whole key is missing')
  createSecureContext({ key })
}

function checkPair(cert: string, key: string): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('they do not match')
  createSecureContext({ cert, key })
}

/** A block begins and does not end, as in a file that is being written. */
function isCut(pem: string): boolean {
  return pem.split('-----BEGIN ').length !== pem.split('-----END ').length
}
