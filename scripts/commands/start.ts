import { once } from 'node:events'
import { Command } from 'commander'
import {
  type Configuration,
  ConfigurationError,
  type Flags,
} from '../../server/configuration/configuration.ts'
import { DEMO_WORKSPACE } from '../../server/demo.ts'
import { startServer } from '../../server/main.ts'
import { configurationOf, withFlags } from './configured.ts'

/** `atrium start`: serves until it is told to stop. */
export function startCommand(): Command {
  return withFlags(new Command('start').description('Start the server.')).action(async (flags: Flags) => {
    await serve(configurationOf(flags))
  })
}

async function serve(configuration: Configuration): Promise<void> {
  const ending = new AbortController()
  const stop = () => ending.abort()
  const stopped = once(ending.signal, 'abort')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
  const overrides = { reboot: stop, signal: ending.signal }
  const server = await startServer(configuration, overrides).catch((error: unknown) => {
    if (error instanceof ConfigurationError) throw error
    if (ending.signal.aborted) process.exit(0)
    throw new Error(explain(error, configuration), { cause: error })
  })
  process.stdout.write(`atrium is listening on ${server.url}\n`)
  if (server.demoFilled) process.stdout.write(firstSteps())
  await stopped
  await server.stop()
  // Whatever a module left running must not keep the process.
  process.exit(0)
}

function firstSteps(): string {
  return [
    '',
    `The workspace "${DEMO_WORKSPACE}" is filled, with two members, ann and bob. In other terminals, try`,
    '',
    `  scripts/atrium watch ${DEMO_WORKSPACE} --as ann`,
    `  scripts/atrium find ${DEMO_WORKSPACE} board:class:Task --limit 3 --as bob`,
    `  scripts/atrium update ${DEMO_WORKSPACE} board:class:Task 000000de0100000000000001 '{"status":"done"}' --as bob`,
    '',
    '',
  ].join('\n')
}

/** What a person can do about a failed start. */
function explain(error: unknown, { host, port, data }: Configuration): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use: stop what uses it, or set ATRIUM_PORT to another (0 picks a free one)`
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine: set ATRIUM_HOST`
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'read-only':
      return `the data folder ${data} cannot be written (or port ${port} may not be used): set ATRIUM_DATA or its permissions`
    case 'EEXIST':
    case 'ENOTDIR':
      return `the data folder ${data} cannot be made, as a file stands in its way: set ATRIUM_DATA`
    case 'full':
    case 'ENOSPC':
      return `the disk of the data folder ${data} is full`
    case 'damaged':
      return `a file in the data folder ${data} is damaged: ${message}`
    default:
      return message
  }
}
