import { type Configuration, type Flags, readConfiguration } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import type { Option } from './option.ts'
import { type OptionName, options } from './options.ts'
import { pushAll } from '../../model/push-all.ts'

/** What became of options that were read again. */
export interface Reread {
  /** Those that are another value now. */
  taken: OptionName[]
  /** Those that are another value after a restart. */
  waiting: OptionName[]
  /** A complaint for each that is not what it may be, and stays as it was. */
  wrong: string[]
}

/** Reads options again, and writes into `configuration` what a running server takes in. */
export function reread(configuration: Configuration, env: NodeJS.ProcessEnv, flags: Flags): Reread {
  const outcome: Reread = { taken: [], waiting: [], wrong: [] }
  const values = valuesOf(env, flags, outcome)
  for (const [name, option] of Object.entries(options) as [OptionName, Option][]) {
    if (!(name in values) || isSame(values[name], configuration[name])) continue
    if (option.rereads === true) {
      Object.assign(configuration, { [name]: values[name] })
      outcome.taken.push(name)
    } else outcome.waiting.push(name)
  }
  return outcome
}

function valuesOf(env: NodeJS.ProcessEnv, flags: Flags, outcome: Reread): Partial<Configuration> {
  try {
    const { values, wrong, isFileWrong } = readConfiguration(env, flags)
    pushAll(outcome.wrong, wrong)
    // A line that is none may have meant any option, which would fall back to its default.
    return isFileWrong ? {} : values
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    outcome.wrong.push(error.message)
    return {}
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
