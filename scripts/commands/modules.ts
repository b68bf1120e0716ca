import { Command } from 'commander'
import type { Flags } from '../../server/configuration/configuration.ts'
import { describeModules } from '../../server/modules/describe-modules.ts'
import { loadModules } from '../../server/modules/load-modules.ts'
import { configurationOf, withFlags } from './configured.ts'

/** `atrium modules`: what the configured modules declare. `atrium modules check`: whether modules can be loaded. */
export function modulesCommand(): Command {
  const command = withFlags(
    new Command('modules').description('Print the modules, in the order in which their triggers run.'),
  ).action(async (flags: Flags) => {
    await print(configurationOf(flags).modules)
  })
  command.addCommand(
    new Command('check')
      .description('Load modules without a server, and print what they declare or what is wrong with them.')
      .argument('[modules...]', 'names, packages or paths; the configured ones if omitted')
      .action(async (names: readonly string[]) => {
        await print(names.length > 0 ? names : configurationOf({}).modules)
      }),
  )
  return command
}

async function print(names: readonly string[]): Promise<void> {
  const modules = await loadModules(names)
  await new Promise<void>((resolve) => process.stdout.write(`${describeModules(modules)}\n`, () => resolve()))
  // Timers and handles of a module must not keep the process running.
  process.exit(0)
}
