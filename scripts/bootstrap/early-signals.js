// What signals do before the server listens for them itself. Plain JavaScript that needs nothing but Node.
import { isatty } from 'node:tty'

const ENDING = ['SIGTERM', 'SIGINT']

/**
 * SIGTERM and SIGINT end the process with 0, unless somebody else sees to them. SIGHUP does nothing, as the options are
 * still to be read; where the terminal is gone, it ends the process too. `atrium start` replaces all of these.
 */
export function handleEarlySignals() {
  const terminal = [0, 1, 2].find((descriptor) => isatty(descriptor))
  for (const signal of ENDING)
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(0)
    })
  process.on('SIGHUP', () => {
    if (terminal !== undefined && !isatty(terminal)) process.exit(0)
  })
}
