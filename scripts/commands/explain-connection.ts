import { ConnectionClosedError } from '../../client/connection/connection.ts'
import { closeCodes } from '../../protocol/close-codes.ts'

/** An attempt to connect, with what explains its failure. */
export interface Attempt {
  /** `ws://HOST:PORT`, with the path of a proxy where there is one. */
  url: string
  workspace: string
  /** The error of the network, if there was one. */
  failure: Error | undefined
}

/** The error to show for a failed connection; any other error unchanged. */
export async function explainConnection(error: unknown, attempt: Attempt): Promise<unknown> {
  if (!(error instanceof ConnectionClosedError)) return error
  if (error.code === closeCodes.upgrading.code) return new Error(await upgrading(attempt), { cause: error })
  const { failure, url } = attempt
  if (failure !== undefined) return new Error(explainNetwork(failure, url, 'atrium'), { cause: failure })
  // There was no response in time.
  if (error.code === closeCodes.normal.code) return new Error(`no atrium answers at ${url}`, { cause: error })
  return error
}

/** @param what the expected server */
export function explainNetwork(failure: Error, url: string, what: string): string {
  if (isAnswer(failure)) return `what answers at ${url} is no ${what}`
  const { code, message } = causeOf(failure)
  if (isTls(code)) return `the TLS connection to ${url} failed: ${tlsReason(message)}`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `there is no host of that name: ${url}`
  return `no ${what} answers at ${url} (${code ?? message})`
}

/** Another server responded: HTTP without an upgrade, or a page. */
function isAnswer({ name, message }: Error): boolean {
  return name === 'SyntaxError' || name === 'ZodError' || message.startsWith('Unexpected server response')
}

/** The reason without OpenSSL's place in its source. */
function tlsReason(message: string): string {
  return /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message
}

/** The innermost cause: fetch, and attempts at several addresses, wrap it. */
function causeOf(error: Error): { code: string | undefined; message: string } {
  const { cause, code } = error as Error & { code?: unknown }
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return causeOf(error.errors[0])
  if (typeof code !== 'string' && cause instanceof Error) return causeOf(cause)
  return { code: typeof code === 'string' ? code : undefined, message: error.message }
}

function isTls(code: string | undefined): boolean {
  return (
    code !== undefined &&
    /^(ERR_(SSL|TLS)_|EPROTO$|CERT_|UNABLE_TO_)|SELF_SIGNED_CERT|^HOSTNAME_MISMATCH$/.test(code)
  )
}

async function upgrading({ url, workspace }: Attempt): Promise<string> {
  const version = await modelVersionAt(url)
  return `the workspace ${workspace} is being upgraded${version === undefined ? '' : ` to ${version}`}: try again later`
}

/** The model version of the server; `undefined` when it does not report one. */
async function modelVersionAt(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url.replace(/^ws/, 'http').replace(/\/+$/, '')}/api/v1/version`, {
      signal: AbortSignal.timeout(2000),
    })
    const { modelVersion } = (await answer.json()) as { modelVersion?: unknown }
    return typeof modelVersion === 'string' ? modelVersion : undefined
  } catch {
    return undefined
  }
}
