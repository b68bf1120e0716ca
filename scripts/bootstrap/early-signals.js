// Handles signals before the server does. Plain JavaScript that needs only Node.
import { isatty } from 'node:tty'

const ENDING = ['SIGTERM', 'SIGINT']

/**
 * SIGTERM and SIGINT end the process with 0, unless there is another listener. SIGHUP does nothing, as the options are
 * not read yet; when the terminal was closed, it ends the process too. `atrium start` replaces all of these.
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
