import type { z } from 'zod'
import type { Option } from './option.ts'
import { type OptionName, options } from './options.ts'

/** All settings, valid. */
export type Configuration = { [K in OptionName]: z.output<(typeof options)[K]['schema']> }

/** A setting that is not what it may be. */
export class ConfigurationError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigurationError'
  }
}

/** Settings by option name, as text. */
export type Flags = Partial<Record<OptionName, string>>

/**
 * The settings of the environment, with flags before it and defaults behind it.
 * @throws ConfigurationError that names each wrong option and what is allowed
 */
export function resolveConfiguration(env: NodeJS.ProcessEnv, flags: Flags = {}): Configuration {
  const wrong: string[] = []
  const values = Object.entries(options).map(([name, option]: [string, Option]) => {
    const given = flags[name as OptionName] ?? env[option.env]
    const parsed = option.schema.safeParse(given ?? option.fallback)
    if (!parsed.success) wrong.push(complaint(option, given))
    return [name, parsed.data] as const
  })
  const known = new Set<string>(Object.values(options).map(({ env: name }) => name))
  for (const name of Object.keys(env))
    if (isUnknown(name, known)) wrong.push(`${name} is not an option of atrium`)
  const configuration = Object.fromEntries(values) as Configuration
  if (configuration.storage === 'mongodb' && configuration.mongoUrl === undefined)
    wrong.push(`${options.mongoUrl.env} is missing, and mongodb storage needs it`)
  if (wrong.length > 0) throw new ConfigurationError(wrong.join('\n'))
  return configuration
}

function isUnknown(name: string, known: ReadonlySet<string>): boolean {
  return name.startsWith('ATRIUM_') && !known.has(name)
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
      const shown = option.secret === true && value !== undefined ? '***' : show(value)
      const lines = [`${option.env}=${shown}`, `    ${option.meaning}`]
      return [...lines, `    allowed: ${option.allowed}; default: ${option.fallback ?? '(none)'}`].join('\n')
    })
    .join('\n')
}

function show(value: Configuration[OptionName]): string {
  if (value === undefined) return ''
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'object' ? value.join(',') : String(value)
}
