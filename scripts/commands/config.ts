import { Command } from 'commander'
import { describeConfiguration, type Flags } from '../../server/configuration/configuration.ts'
import { configurationOf, warnOfLinks, withFlags } from './configured.ts'

/** `atrium config`: every option with its value, default and meaning. */
export function configCommand(): Command {
  return withFlags(new Command('config').description('Print every option.')).action((flags: Flags) => {
    warnOfLinks()
    process.stdout.write(`${describeConfiguration(configurationOf(flags))}\n`)
  })
}
