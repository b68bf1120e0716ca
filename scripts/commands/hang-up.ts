import { isatty } from 'node:tty'
import { listenAlone } from './listen-alone.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import type { Reread } from '../../server/configuration/reread.ts'
import { type OptionName, options } from '../../server/configuration/options/options.ts'
import type { RunningServer } from '../../server/running-server.ts'

const STANDARD = [0, 1, 2]

/**
 * On SIGHUP the server reads its options again, and reports the result. When the signal was sent because the server's
 * terminal was closed, the server stops.
 */
export function onHangUp(parts: { starting: Promise<RunningServer>; flags: Flags; stop: () => void }): void {
  const terminal = STANDARD.find((descriptor) => isatty(descriptor))
  let last: Promise<unknown> = parts.starting
  listenAlone('SIGHUP', () => {
    // A closed terminal is no terminal any more.
    if (process.platform === 'win32' || (terminal !== undefined && !isatty(terminal))) return parts.stop()
    // During the start: options are read once it has started.
    last = last.then(async () => report(await (await parts.starting).reread(process.env, parts.flags)))
    last.catch(() => undefined)
  })
}

function report({ taken, waiting, wrong }: Reread): void {
  for (const complaint of wrong) process.stderr.write(`atrium: ${complaint}; it stays as it was\n`)
  const said = [
    taken.length === 0 ? 'nothing is taken in' : `${names(taken)} taken in`,
    ...(waiting.length === 0 ? [] : [`${names(waiting)} after a restart`]),
  ]
  process.stdout.write(`atrium read its options again: ${said.join(', ')}\n`)
}

function names(found: readonly OptionName[]): string {
  return found.map((name) => options[name].env).join(', ')
}
