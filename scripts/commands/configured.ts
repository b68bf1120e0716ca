import { Command, Option as Flag } from 'commander'
import {
  type Configuration,
  type Flags,
  resolveConfiguration,
} from '../../server/configuration/configuration.ts'
import { readEnvironment } from '../../server/configuration/environment.ts'
import type { Option } from '../../server/configuration/options/option.ts'
import { type OptionName, options } from '../../server/configuration/options/options.ts'

/** Adds a flag for every option of the server to the command. */
export function withFlags(command: Command): Command {
  for (const [name, option] of Object.entries(options) as [OptionName, Option][]) {
    const flag = new Flag(`${flagOf(option)} <value>`, option.meaning)
    flag.attributeName = () => name
    command.addOption(flag)
  }
  return command
}

/** The configuration of the environment and the command's flags. */
export function configurationOf(flags: Flags): Configuration {
  return resolveConfiguration(process.env, flags)
}

/** Prints one line about variables that look like options but are not. */
export function warnOfLinks(): void {
  const { links } = readEnvironment(process.env)
  if (links.length === 0) return
  process.stderr.write(`atrium: ignored, as what Kubernetes tells of a service: ${links.join(', ')}\n`)
}

function flagOf({ env }: Option): string {
  return `--${env.slice('ATRIUM_'.length).toLowerCase().replaceAll('_', '-')}`
}
