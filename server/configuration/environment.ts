import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { ConfigurationError } from './configuration-error.ts'

const PREFIX = 'ATRIUM_'
/** Names the file of further options. */
const FILE = 'ATRIUM_CONFIG'

/** What an orchestrator tells of a service, and nobody set: by name, or by what it holds. */
const LINK_NAMES = [
  /_SERVICE_HOST$/,
  /_SERVICE_PORT(_[A-Z0-9_]+)?$/,
  /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/,
]
const LINK_VALUE = /^(tcp|udp|sctp):\/\//

/** Variables of atrium, by name, without those that are empty. */
export type Variables = ReadonlyMap<string, string>

export interface Environment {
  variables: Variables
  /** Names of those that describe a service to its neighbours, as Kubernetes makes them: no options. */
  links: string[]
}

/**
 * The options of the environment, and those of the file that it or `file` names behind them.
 * @throws ConfigurationError when that file cannot be read
 */
export function readEnvironment(env: NodeJS.ProcessEnv, file?: string): Environment {
  const own = variablesIn(env)
  const path = file ?? own.variables.get(FILE)
  if (path === undefined) return own
  const { variables } = variablesIn(readOptions(path))
  return { ...own, variables: new Map([...variables, ...own.variables]) }
}

/** What a file made on Windows, or a shell's reading of one, leaves at the end of a value. */
export function withoutLineEnd(value: string): string {
  return value.replace(/[\r\n]+$/, '')
}

function variablesIn(env: Readonly<Record<string, string | undefined>>): Environment {
  const variables = new Map<string, string>()
  const links: string[] = []
  for (const [name, given] of Object.entries(env)) {
    const value = withoutLineEnd(given ?? '')
    if (!name.startsWith(PREFIX) || value === '') continue
    if (isLink(name, value)) links.push(name)
    else variables.set(name, value)
  }
  return { variables, links: links.sort() }
}

function isLink(name: string, value: string): boolean {
  if (LINK_NAMES.some((pattern) => pattern.test(name))) return true
  return name.endsWith('_PORT') && LINK_VALUE.test(value)
}

function readOptions(path: string): Readonly<Record<string, string | undefined>> {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigurationError(`${FILE}: ${path} cannot be read: ${code ?? (error as Error).message}`)
  }
}
