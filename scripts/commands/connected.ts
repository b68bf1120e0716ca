import type { Command } from 'commander'
import type { Connection } from '../../client/connection.ts'
import { connect } from '../../client/node.ts'
import { httpAddress } from '../../server/http/http-address.ts'
import { configurationOf } from './configured.ts'
import { signToken } from './token.ts'

export interface ConnectedOptions {
  as: string
  url?: string
  binary?: true
  mode?: 'backup'
}

/**
 * The options of commands that talk to a server.
 * @param email on whose behalf, where the command does not have to say
 */
export function withConnection(command: Command, email?: string): Command {
  const as = ['--as <name>', 'on whose behalf (an email)'] as const
  return (email === undefined ? command.requiredOption(...as) : command.option(...as, email))
    .option('--url <url>', 'the server; by default the one the configuration describes')
    .option('--binary', 'have answers packed rather than as JSON')
}

/** `http://HOST:PORT` of the server that the configuration describes. */
export function serverUrl(url: string | undefined): string {
  const { host, port } = configurationOf({})
  return url ?? httpAddress(host, port)
}

/** Does something over a connection to the workspace, and closes it. */
export async function connected<T>(
  workspace: string,
  options: ConnectedOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const mode = options.mode === undefined ? {} : { mode: options.mode }
  const token = await signToken({ email: options.as, workspace, ...mode })
  const url = serverUrl(options.url).replace(/^http/, 'ws')
  const connection = await connect({ url, token, binary: options.binary === true }).catch(
    (error: unknown) => {
      if (error instanceof Error && error.name === 'ConnectionClosedError')
        throw new Error(`no atrium answers at ${url}`)
      throw error
    },
  )
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}
