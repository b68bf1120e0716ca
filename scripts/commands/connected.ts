import type { Command } from 'commander'
import { Connection } from '../../client/connection/connection.ts'
import { dialNode } from '../../client/node.ts'
import type { Dial } from '../../client/runtime/web-socket.ts'
import { type Attempt, explainConnection } from './explain-connection.ts'
import { serverUrl } from './server-url.ts'
import { signToken } from './token.ts'

export interface ConnectedOptions {
  as: string
  url?: string
  binary?: true
  mode?: 'backup'
  protocol?: 2
}

/**
 * The options of commands that connect to a server.
 * @param email the default account
 */
export function withConnection(command: Command, email?: string): Command {
  const as = ['--as <name>', 'on whose behalf (an email)'] as const
  return (email === undefined ? command.requiredOption(...as) : command.option(...as, email))
    .option('--url <url>', 'the server; default: that of the configuration')
    .option('--binary', 'use msgpack instead of JSON')
}

/** Runs work over a connection to the workspace, and closes it. */
export async function connected<T>(
  workspace: string,
  options: ConnectedOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const mode = options.mode === undefined ? {} : { mode: options.mode }
  const url = webSocketUrl(options.url)
  const token = await signToken({ email: options.as, workspace, ...mode })
  const attempt: Attempt = { url, workspace, failure: undefined }
  try {
    const connection = await Connection.open({
      url,
      token,
      binary: options.binary === true,
      protocol: options.protocol ?? 1,
      dial: dialNoting((failure) => (attempt.failure ??= failure)),
    })
    try {
      return await work(connection)
    } finally {
      connection.close()
    }
  } catch (error) {
    throw await explainConnection(error, attempt)
  }
}

function webSocketUrl(given: string | undefined): string {
  const url = serverUrl(given).replace(/^http/, 'ws')
  if (URL.canParse(url) && /^wss?:/.test(url)) return url
  throw new Error(`${given ?? url} is no address of a server, such as http://127.0.0.1:3333`)
}

/** Dials as usual, and reports the network's error, which the connection itself does not know. */
function dialNoting(note: (failure: Error) => void): Dial {
  return (url, protocols) => {
    const socket = dialNode(url, protocols)
    socket.addEventListener('error', (event) => {
      const { error } = event as { error?: unknown }
      if (error instanceof Error) note(error)
    })
    return socket
  }
}
