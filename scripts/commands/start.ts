import { once } from 'node:events'
import { Command } from 'commander'
import type { Configuration, Flags } from '../../server/configuration/configuration.ts'
import { ConfigurationError } from '../../server/configuration/configuration-error.ts'
import { startServer } from '../../server/main.ts'
import { takeStrayErrors } from '../../server/errors/stray-errors.ts'
import type { RunningServer } from '../../server/running-server.ts'
import { withTimeout } from '../../pipeline/shared/with-timeout.ts'
import { lockData } from '../lock-data.ts'
import { configurationOf, warnOfLinks, withFlags } from './configured.ts'
import { explainStart } from './explain-start.ts'
import { firstSteps } from './first-steps.ts'
import { onHangUp } from './hang-up.ts'
import { listenAlone } from './listen-alone.ts'

/** `atrium start`: serves until it is stopped. */
export function startCommand(): Command {
  return withFlags(new Command('start').description('Start the server.')).action(async (flags: Flags) => {
    const configuration = configurationOf(flags)
    warnOfLinks()
    await serve(configuration, flags)
  })
}

async function serve(configuration: Configuration, flags: Flags): Promise<void> {
  const ending = new AbortController()
  const stop = () => ending.abort()
  const stopped = once(ending.signal, 'abort')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) listenAlone(signal, stop)
  // A reader that closes the output does not end the server.
  process.stdout.removeAllListeners('error').on('error', () => undefined)
  const overrides = { reboot: stop, signal: ending.signal, lockData, takeStrayErrors }
  const starting = startServer(configuration, overrides)
  onHangUp({ starting, flags, stop })
  await Promise.race([stopped, starting]).catch((error: unknown) => {
    if (error instanceof ConfigurationError) throw error
    if (!ending.signal.aborted) throw new Error(explainStart(error, configuration), { cause: error })
  })
  if (!ending.signal.aborted) {
    announce(await starting, configuration)
    await stopped
  }
  await stopInTime(starting, configuration)
  // Timers and handles of a module must not keep the process running.
  process.exit(0)
}

function announce(server: RunningServer, configuration: Configuration): void {
  process.stdout.write(`atrium is listening on ${server.url}\n`)
  if (server.demoFilled) process.stdout.write(firstSteps(server, configuration))
}

/** Waits for a running start so that it ends gracefully, but not forever, as a module may block it. */
async function stopInTime(starting: Promise<RunningServer>, { stopTimeout }: Configuration): Promise<void> {
  const started = withTimeout(starting, { milliseconds: stopTimeout * 1000, what: 'the start' }).catch(
    () => undefined,
  )
  const server = await started
  await server?.stop()
}
