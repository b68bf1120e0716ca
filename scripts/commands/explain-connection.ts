import { ConnectionClosedError } from '../../client/connection/connection.ts'
import { closeCodes } from '../../protocol/close-codes.ts'

/** What of a connection tells why it failed. */
export interface Attempt {
  /** `ws://HOST:PORT`, with the path of a proxy where there is one. */
  url: string
  workspace: string
  /** What the network said, if it said anything. */
  failure: Error | undefined
}

/** The error that a person is shown for one of the connection; others as they are. */
export async function explainConnection(error: unknown, attempt: Attempt): Promise<unknown> {
  if (!(error instanceof ConnectionClosedError)) return error
  if (error.code === closeCodes.upgrading.code) return new Error(await upgrading(attempt), { cause: error })
  const { failure, url } = attempt
  if (failure !== undefined) return new Error(explainNetwork(failure, url, 'atrium'), { cause: failure })
  // Nobody answered in the time there is.
  if (error.code === closeCodes.normal.code) return new Error(`no atrium answers at ${url}`, { cause: error })
  return error
}

/** @param what should have answered */
export function explainNetwork(failure: Error, url: string, what: string): string {
  if (isAnswer(failure)) return `what answers at ${url} is no ${what}`
  const { code, message } = causeOf(failure)
  if (isTls(code)) return `the TLS connection to ${url} failed: ${tlsReason(message)}`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `there is no host of that name: ${url}`
  return `no ${what} answers at ${url} (${code ?? message})`
}

/** Something answered, which is not what was asked for: HTTP without an upgrade, or a page. */
function isAnswer({ name, message }: Error): boolean {
  return name === 'SyntaxError' || name === 'ZodError' || message.startsWith('Unexpected server response')
}

/** OpenSSL tells where in its source it is as well. */
function tlsReason(message: string): string {
  return /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message
}

/** What says why: fetch and attempts at several addresses wrap it. */
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

/** Of the model that workspaces have to have; `undefined` where the server does not tell. */
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
