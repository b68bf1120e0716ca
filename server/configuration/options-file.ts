import { codeOf, messageOf } from '../../model/error-details.ts'
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { ConfigurationError } from './configuration-error.ts'

/** Names the file of further options. */
export const FILE = 'ATRIUM_CONFIG'

export interface OptionsFile {
  /** Values by name; the last of two lines with one name applies. */
  values: ReadonlyMap<string, string>
  /** Invalid lines, each with its number. */
  wrong: string[]
}

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/
const COMMENT = /^\s*(#|$)/
const QUOTED = /^(["'`])(.*)$/
/** What may follow a closing quote. */
const REST = /^\s*(#.*)?$/

/**
 * The options of a file, one `NAME=value` a line. An error message never shows a value, as it may be a secret.
 * @throws ConfigurationError when the file cannot be read, or is not UTF-8
 */
export function readOptionsFile(path: string, known: ReadonlySet<string>): OptionsFile {
  const values = new Map<string, string>()
  const wrong: string[] = []
  for (const [at, line] of textOf(path)
    .split(/\r\n|\n|\r/)
    .entries()) {
    if (COMMENT.test(line)) continue
    const [, name = '', written = ''] = LINE.exec(line) ?? []
    const flaw = name === '' ? 'is not NAME=value' : (nameFlaw(name, known) ?? valueFlaw(written.trim()))
    if (flaw === undefined) values.set(name, parseEnv(`${name}=${written}`)[name] ?? '')
    else wrong.push(`${FILE}: ${path}: line ${at + 1} ${flaw}`)
  }
  return { values, wrong }
}

/** The text of the file, without a byte order mark. */
function textOf(path: string): string {
  const bytes = bytesOf(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ConfigurationError(`${FILE}: ${path} cannot be read: it is not UTF-8`)
  }
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new ConfigurationError(`${FILE}: ${path} cannot be read: ${codeOf(error) ?? messageOf(error)}`)
  }
}

/** A name that is not like one of atrium is not shown: it may be a part of a secret. */
function nameFlaw(name: string, known: ReadonlySet<string>): string | undefined {
  if (name === FILE) return `names ${FILE}, which no file may`
  if (known.has(name)) return undefined
  return /^atrium_/i.test(name)
    ? `names ${name}, which is not an option of atrium`
    : 'names no option of atrium'
}

function valueFlaw(written: string): string | undefined {
  const [, quote = '', inner = ''] = QUOTED.exec(written) ?? []
  if (quote === '') return /[^\s]#/.test(withoutComment(written)) ? 'has a # that needs quotes' : undefined
  const end = inner.indexOf(quote)
  if (end < 0) return 'has a quote that is not closed'
  return REST.test(inner.slice(end + 1)) ? undefined : 'goes on after its closing quote'
}

function withoutComment(written: string): string {
  return written.replace(/(^|\s)#.*$/, '')
}
