import { messageOf } from '../model/error-details.ts'
import { Command, CommanderError } from 'commander'
import { StatusError } from '../model/status.ts'
import { ConfigurationError } from '../server/configuration/configuration-error.ts'
import { SERVER_VERSION } from '../server/version.ts'
import { callCommand } from './commands/call.ts'
import { configCommand } from './commands/config.ts'
import { doctorCommand } from './commands/doctor.ts'
import { documentCommands } from './commands/documents.ts'
import { modulesCommand } from './commands/modules.ts'
import { startCommand } from './commands/start.ts'
import { tokenCommand } from './commands/token.ts'
import { triggersCommand } from './commands/triggers.ts'
import { verifyCommand } from './commands/verify.ts'
import { watchCommand } from './commands/watch.ts'
import { workspaceCommand } from './commands/workspace.ts'

/** Exit codes: 1 when the command failed, 2 when its arguments or the configuration are wrong. */
const FAILED = 1
const MISUSED = 2

/** The `atrium` command line. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('atrium')
    .description('A multi-tenant workspace collaboration server.')
    .version(SERVER_VERSION)
  for (const command of [startCommand(), tokenCommand(), workspaceCommand(), ...documentCommands()])
    program.addCommand(command)
  for (const command of [callCommand(), modulesCommand(), watchCommand(), verifyCommand(), triggersCommand()])
    program.addCommand(command)
  for (const command of [configCommand(), doctorCommand()]) program.addCommand(command)
  overrideExit(program)
  // The reader of the output has closed it: `atrium find ... | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    // Timers and handles of a module must not keep the process running.
    process.exit(exitCodeOf(error))
  }
}

/** A subcommand inherits nothing from its parent. */
function overrideExit(command: Command): void {
  command.exitOverride()
  for (const inner of command.commands) overrideExit(inner)
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED
  if (error instanceof ConfigurationError) {
    process.stderr.write(`${error.message}\n`)
    return MISUSED
  }
  const message = messageOf(error)
  process.stderr.write(`atrium: ${error instanceof StatusError ? describe(error) : message}\n`)
  return FAILED
}

function describe({ status }: StatusError): string {
  const params = Object.entries(status.params).map(([name, value]) => `${name}: ${String(value)}`)
  return [status.code, ...params].join(' ')
}
