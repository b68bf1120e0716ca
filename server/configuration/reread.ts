import { type Configuration, type Flags, readConfiguration } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import type { Option } from './options/option.ts'
import { type OptionName, options } from './options/options.ts'
import { pushAll } from '../../model/push-all.ts'

/** The result of reading options again. */
export interface Reread {
  /** Options that have another value now. */
  taken: OptionName[]
  /** Options whose other value needs a restart. */
  waiting: OptionName[]
  /** An error message for each wrong value; the option keeps its value. */
  wrong: string[]
}

/** Reads options again, and writes those that need no restart into `configuration`. */
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
    // An invalid line may have meant any option, which would fall back to its default.
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
