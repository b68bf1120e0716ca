import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

export function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** The output of a command; `undefined` when it fails or takes too long. */
export function outputOf(command: string, args: readonly string[], timeout: number): string | undefined {
  const { status, stdout } = spawnSync(command, args, {
    timeout,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? stdout.trim() : undefined
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A process that ends with this one: its standard input stays open until then. */
export function startChild(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  child.on('error', () => undefined)
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** The first line that a process prints. */
export async function firstLine(child: ChildProcess, timeout: number): Promise<string> {
  if (child.stdout === null) throw new Error('no standard output')
  const lines = createInterface(child.stdout)
  const ended = once(child, 'exit').then(() => [undefined])
  const signal = AbortSignal.timeout(timeout)
  const [line] = (await Promise.race([once(lines, 'line', { signal }), ended])) as [string | undefined]
  lines.close()
  child.stdout.resume()
  if (line === undefined) throw new Error(`${child.spawnfile} ended before it was ready`)
  return line
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.stdin?.end()
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(kill)
}

export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
