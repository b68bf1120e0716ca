import type { z } from 'zod'
import { ConfigurationError } from './configuration-error.ts'
import { readVariables, type Variables, withoutLineEnd } from './environment.ts'
import { sizeFlaws } from './message-sizes.ts'
import type { Option } from './options/option.ts'
import { type OptionName, options } from './options/options.ts'
import { pushAll } from '../../model/push-all.ts'

/** The variables of all options. */
const known: ReadonlySet<string> = new Set(Object.values(options).map(({ env }) => env))

/** Valid values of all options. */
export type Configuration = { [K in OptionName]: z.output<(typeof options)[K]['schema']> }

/** Values by option name, as text. */
export type Flags = Partial<Record<OptionName, string>>

/** Values as they were found. */
export interface Reading {
  /** The valid ones. */
  values: Partial<Configuration>
  /** An error message for each of the others. */
  wrong: string[]
  /** The options file has invalid lines, whose meaning is not known. */
  isFileWrong: boolean
}

/**
 * The values of flags, the environment, the options file and the defaults, in this order of precedence.
 * @throws ConfigurationError that names each wrong option and its allowed values
 */
export function resolveConfiguration(env: NodeJS.ProcessEnv, flags: Flags = {}): Configuration {
  const { values, wrong } = readConfiguration(env, flags)
  if (wrong.length > 0) throw new ConfigurationError(wrong.join('\n'))
  // Every option has a valid value, as none is wrong.
  return values as Configuration
}

/**
 * As `resolveConfiguration`, but returns the errors.
 * @throws ConfigurationError when the options file cannot be read
 */
export function readConfiguration(env: NodeJS.ProcessEnv, flags: Flags): Reading {
  const { variables, wrong: lines } = readVariables(env, known, flags.config)
  const wrong = [...lines]
  const found = Object.entries(options).flatMap(([name, option]: [string, Option]) => {
    const flag = flags[name as OptionName]
    const given = flag === undefined ? variables.get(option.env) : withoutLineEnd(flag)
    const parsed = option.schema.safeParse(given ?? option.fallback)
    if (parsed.success) return [[name, parsed.data] as const]
    wrong.push(complaint(option, given))
    return []
  })
  const values = Object.fromEntries(found) as Partial<Configuration>
  pushAll(wrong, unknownOptions(variables))
  if (values.storage === 'mongodb' && 'mongoUrl' in values && values.mongoUrl === undefined)
    wrong.push(`${options.mongoUrl.env} is missing, and mongodb storage needs it`)
  pushAll(wrong, sizeFlaws(values))
  return { values, wrong, isFileWrong: lines.length > 0 }
}

function unknownOptions(variables: Variables): string[] {
  return [...variables.keys()]
    .filter((name) => !known.has(name))
    .map((name) => `${name} is not an option of atrium`)
}

function complaint({ env, allowed, secret }: Option, given: string | undefined): string {
  const value = secret === true ? 'its value' : JSON.stringify(given)
  return `${env}: ${value} is not allowed; allowed is ${allowed}`
}

/** Every option with its value, default and meaning; secrets masked. */
export function describeConfiguration(configuration: Configuration): string {
  return Object.entries(options)
    .map(([name, option]: [string, Option]) => {
      const value = configuration[name as OptionName]
      const shown =
        option.secret === true && value !== undefined ? '***' : (option.print?.(value) ?? show(value))
      const lines = [`${option.env}=${shown}`, `    ${option.meaning}`]
      return [
        ...lines,
        `    allowed: ${option.allowed}; default: ${option.fallback ?? option.derived ?? '(none)'}`,
      ].join('\n')
    })
    .join('\n')
}

function show(value: Configuration[OptionName]): string {
  if (value === undefined) return ''
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'object' ? value.join(',') : String(value)
}
