import { Command } from 'commander'
import type { GoneTrigger } from '../../pipeline/triggers/gone-triggers.ts'
import type { TriggerStatus } from '../../pipeline/triggers/trigger-status.ts'
import { adminCall } from './admin-call.ts'
import { wholeNumber } from './arguments.ts'

interface Flags {
  deadLetters?: true
  show?: string
  redrive?: string
  limit: number
  json?: true
  url?: string
}

interface Letter {
  _id: string
  trigger: string
  seq: number
  count?: number
  message: string
  state?: string
  modifiedOn: number
  payload?: string
}

/** `atrium triggers <workspace>`: the asynchronous triggers of a workspace, and its dead letters. */
export function triggersCommand(): Command {
  return new Command('triggers')
    .description('Show the asynchronous triggers of a workspace, and send dead letters again.')
    .argument('<workspace>')
    .option('--dead-letters', 'list the dead letters')
    .option('--show <id>', 'print a dead letter with its transaction, error and attempts')
    .option('--redrive <name>', 'send a dead letter again, or all of a trigger: its id, or module.name')
    .option('--limit <count>', 'maximum number of dead letters', wholeNumber, 100)
    .option('--json', 'print JSON')
    .option('--url <url>', 'the server; default: that of the configuration')
    .action(async (workspace: string, flags: Flags) => {
      const call = async <T>(method: 'GET' | 'PUT', path: string): Promise<T> =>
        await adminCall(method, `workspaces/${encodeURIComponent(workspace)}/${path}`, flags.url)
      if (flags.redrive !== undefined) return await redrive(call, flags.redrive)
      if (flags.show !== undefined)
        return show(await call('GET', `dead-letters/${encodeURIComponent(flags.show)}`))
      if (flags.deadLetters === true)
        return listLetters(await call('GET', `dead-letters?limit=${flags.limit}`), flags)
      listTriggers(await call('GET', 'triggers'), flags)
    })
}

type Call = <T>(method: 'GET' | 'PUT', path: string) => Promise<T>

async function redrive(call: Call, target: string): Promise<void> {
  const path = `dead-letters/redrive?target=${encodeURIComponent(target)}`
  const { redriven } = await call<{ redriven: number }>('PUT', path)
  print(`${redriven} sent again`)
}

function show({ payload, ...letter }: Letter): void {
  const transaction: unknown = payload === undefined ? 'in the log' : JSON.parse(payload)
  print(JSON.stringify({ ...letter, payload: transaction }, undefined, 2))
}

function listLetters({ letters, total }: { letters: Letter[]; total: number }, { json }: Flags): void {
  for (const letter of letters) {
    const { _id, trigger, seq, count, message, state } = letter
    const again = state === 'again' || state === 'under way' ? ' (is sent again)' : ''
    print(
      json === true
        ? JSON.stringify(letter)
        : `${_id}  ${trigger}  entry ${seq}, ${count ?? '?'} runs: ${message}${again}`,
    )
  }
  const more = total - letters.length
  if (more > 0) process.stderr.write(`${more} more: --limit prints more than ${letters.length}\n`)
}

function listTriggers(
  { triggers, gone }: { triggers: TriggerStatus[]; gone: GoneTrigger[] },
  { json }: Flags,
): void {
  if (json === true) return print(JSON.stringify({ triggers, gone }, undefined, 2))
  for (const each of triggers) for (const line of described(each)) print(line)
  for (const { trigger, position, since, entries } of gone)
    print(`${trigger}  gone since ${timeOf(since)}, at ${position}, ${entries} log entries after it`)
}

function described({
  trigger,
  state,
  position,
  end,
  lag,
  running,
  failing,
  deadLetters,
  runs,
}: TriggerStatus): string[] {
  const waiting =
    lag.unread > 0
      ? `${lag.transactions} wait, ${lag.unread} log entries to read`
      : `${lag.transactions} wait`
  return [
    `${trigger}  ${state}, at ${position} of ${end}, ${waiting}, ${lag.seconds.toFixed(0)} s behind, ${running} running, ${failing.length} failing, ${deadLetters} dead letters`,
    ...failing.map(({ seq, count, next, attempts }) => {
      const when = next === 0 ? 'now' : timeOf(next)
      return `    entry ${seq} failed ${count} times, next run ${when}: ${attempts.at(-1)?.message ?? ''}`
    }),
    ...runs.map(({ seq, at, milliseconds, outcome, made, message }) => {
      const result = outcome === 'done' ? `made ${made}` : `failed: ${message ?? ''}`
      return `    ${timeOf(at)}  entry ${seq}, ${milliseconds.toFixed(0)} ms, ${result}`
    }),
  ]
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
