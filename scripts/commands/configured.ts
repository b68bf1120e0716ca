import { Command, Option as Flag } from 'commander'
import {
  type Configuration,
  type Flags,
  resolveConfiguration,
} from '../../server/configuration/configuration.ts'
import { readEnvironment } from '../../server/configuration/environment.ts'
import type { Option } from '../../server/configuration/option.ts'
import { type OptionName, options } from '../../server/configuration/options.ts'

/** Gives the command a flag for every option of the server. */
export function withFlags(command: Command): Command {
  for (const [name, option] of Object.entries(options) as [OptionName, Option][]) {
    const flag = new Flag(`${flagOf(option)} <value>`, option.meaning)
    flag.attributeName = () => name
    command.addOption(flag)
  }
  return command
}

/** The configuration of the environment and of the command's flags. */
export function configurationOf(flags: Flags): Configuration {
  return resolveConfiguration(process.env, flags)
}

/** One line about variables that look like options of the server and are none. */
export function warnOfLinks(): void {
  const { links } = readEnvironment(process.env)
  if (links.length === 0) return
  process.stderr.write(`atrium: ignored, as what Kubernetes tells of a service: ${links.join(', ')}\n`)
}

function flagOf({ env }: Option): string {
  return `--${env.slice('ATRIUM_'.length).toLowerCase().replaceAll('_', '-')}`
}
