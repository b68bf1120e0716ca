import { FILE, readOptionsFile } from './options-file.ts'

const PREFIX = 'ATRIUM_'

/** Variables that an orchestrator sets for a service, by name or by value: they are no options. */
const LINK_NAMES = [
  /_SERVICE_HOST$/,
  /_SERVICE_PORT(_[A-Z0-9_]+)?$/,
  /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/,
]
const LINK_VALUE = /^(tcp|udp|sctp):\/\//

/** Non-empty variables of atrium, by name. */
export type Variables = ReadonlyMap<string, string>

export interface Environment {
  variables: Variables
  /** Names of variables that Kubernetes sets for a service: they are no options. */
  links: string[]
}

/** The variables of the environment alone. */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
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

/**
 * The options of the environment, and after them those of the file that it or `file` names.
 * @throws ConfigurationError when that file cannot be read
 */
export function readVariables(
  env: NodeJS.ProcessEnv,
  known: ReadonlySet<string>,
  file?: string,
): { variables: Variables; wrong: string[] } {
  const { variables: own } = readEnvironment(env)
  const path = file ?? own.get(FILE)
  if (path === undefined) return { variables: own, wrong: [] }
  const { values, wrong } = readOptionsFile(path, known)
  const given = [...values].filter(([, value]) => withoutLineEnd(value) !== '')
  const behind = given.map(([name, value]) => [name, withoutLineEnd(value)] as const)
  return { variables: new Map([...behind, ...own]), wrong }
}

/** A line ending that a file from Windows leaves at the end of a value. */
export function withoutLineEnd(value: string): string {
  return value.replace(/[\r\n]+$/, '')
}

function isLink(name: string, value: string): boolean {
  if (LINK_NAMES.some((pattern) => pattern.test(name))) return true
  return name.endsWith('_PORT') && LINK_VALUE.test(value)
}
