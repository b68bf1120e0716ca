import { Command, InvalidArgumentError } from 'commander'
import type { Connection } from '../../client/connection/connection.ts'
import { StatusError } from '../../model/status.ts'
import { connected, type ConnectedOptions, withConnection } from './connected.ts'

/** Values that the server may send before this process has printed them. */
const WINDOW = 64

/** `atrium call <workspace> <method> [params]`: prints the result of a method, or each value of its stream. */
export function callCommand(): Command {
  const command = new Command('call').description('Call a method of the server or of a module.')
  return withConnection(command)
    .argument('<workspace>')
    .argument('<method>', 'such as board.archiveDone')
    .argument('[params]', 'JSON: an array of params, or the only one', paramsOf, [])
    .option('--stream', 'print the values of a method that streams, one JSON line each')
    .action(
      async (workspace: string, method: string, params: unknown[], options: ConnectedOptions & CallFlags) => {
        await connected(workspace, { ...options, protocol: 2 }, async (connection) => {
          if (options.stream === true) await printStream(connection, method, params)
          else print(await connection.request(method, params))
        })
      },
    )
}

interface CallFlags {
  stream?: true
}

function paramsOf(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : [value]
  } catch {
    throw new InvalidArgumentError('It is not JSON.')
  }
}

async function printStream(connection: Connection, method: string, params: unknown[]): Promise<void> {
  let request = 0
  let printed = 0
  const observer = {
    started: (id: number) => (request = id),
    value: (value: unknown) => {
      print(value)
      printed += 1
      if (printed % (WINDOW / 2) === 0) connection.send('#more', [request, WINDOW / 2])
    },
  }
  const { more } = await connection.exchange(method, params, observer, { stream: WINDOW })
  if (more !== false)
    throw new StatusError('platform:status:BadRequest', { message: `${method} does not stream` })
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
