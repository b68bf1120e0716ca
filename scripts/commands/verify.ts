import { Command } from 'commander'
import type { Verification } from '../../pipeline/verify/verify-log.ts'
import { connected, type ConnectedOptions, withConnection } from './connected.ts'

/** `atrium verify <workspace>`: replays the log, compares it with the documents, and prints the differences. */
export function verifyCommand(): Command {
  return withConnection(
    new Command('verify').description('Replay the log and compare it with the documents.'),
    'system',
  )
    .argument('<workspace>')
    .action(async (workspace: string, options: ConnectedOptions) => {
      await connected(workspace, { ...options, mode: 'backup' }, async (connection) => {
        const verification = await connection.request<Verification>('verify')
        const { entries, documents, begins, restored, flaws, differences } = verification
        for (const flaw of flaws) process.stdout.write(`the log: ${flaw}\n`)
        for (const { domain, id, kind } of differences) process.stdout.write(`${domain} ${id}: ${kind}\n`)
        if (begins > 0)
          process.stdout.write(
            `documents were restored at entry ${begins}, where the history begins; ${restored} of them are as they were put back or changed since, and not compared\n`,
          )
        const found = flaws.length + differences.length
        process.stdout.write(`${entries} log entries make ${documents} documents; ${found} differences\n`)
        if (found > 0) process.exitCode = 1
      })
    })
}
