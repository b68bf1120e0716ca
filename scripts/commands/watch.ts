import { Command } from 'commander'
import { connected, type ConnectedOptions, withConnection } from './connected.ts'

/** `atrium watch <workspace>`: prints transactions as they are committed, one JSON line each. */
export function watchCommand(): Command {
  return withConnection(new Command('watch').description('Print transactions as they are committed.'))
    .argument('<workspace>')
    .action(async (workspace: string, options: ConnectedOptions) => {
      await connected(workspace, options, async (connection) => {
        process.stderr.write(`watching ${workspace}; Ctrl-C ends\n`)
        connection.onPush((txes) => {
          for (const tx of txes) process.stdout.write(`${JSON.stringify(tx)}\n`)
        })
        const interrupted = new Promise<void>((resolve) => process.once('SIGINT', () => resolve()))
        const closed = await Promise.race([connection.closed, interrupted])
        if (closed !== undefined) throw closed
      })
    })
}
