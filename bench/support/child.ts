import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The requests that a child accepts, by name. */
export type Answers = Record<string, (params: never) => unknown>

interface Question {
  id: number
  name: string
  params: unknown
}

type Reply = { id: number; value: unknown } | { id: number; failure: string }

/** The child’s side: responds to its parent, and ends with it. */
export function answer(answers: Answers): void {
  process.on('message', (question: Question) => void reply(answers, question))
  process.on('disconnect', () => process.exit(0))
}

async function reply(answers: Answers, { id, name, params }: Question): Promise<void> {
  try {
    const value = await answers[name]?.(params as never)
    process.send?.({ id, value } satisfies Reply)
  } catch (error) {
    process.send?.({ id, failure: (error as Error).stack ?? String(error) } satisfies Reply)
  }
}

/** A separate process, so that its resource usage is measured separately. */
export class Child<A extends Answers> {
  readonly #process: ChildProcess
  readonly #pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #lastId = 0

  /** @param script name of a file of `bench/` */
  constructor(script: string, env: NodeJS.ProcessEnv = {}) {
    const flags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean)
    const profiled = script === 'atrium-child' ? flags : []
    this.#process = fork(fileURLToPath(new URL(`../${script}.js`, import.meta.url)), {
      env: { PATH: process.env['PATH'], ...env },
      execArgv: ['--expose-gc', ...profiled],
    })
    this.#process.on('message', (reply: Reply) => this.#settle(reply))
    this.#process.on('exit', (code) => this.#ended(code))
  }

  async ask<N extends keyof A & string>(
    name: N,
    ...[params]: Parameters<A[N]>
  ): Promise<Awaited<ReturnType<A[N]>>> {
    const id = ++this.#lastId
    return await new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#process.send({ id, name, params } satisfies Question)
    })
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.disconnect()
    await exited
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if ('failure' in reply) pending?.reject(new Error(reply.failure))
    else pending?.resolve(reply.value as never)
  }

  #ended(code: number | null): void {
    for (const { reject } of this.#pending.values()) reject(new Error(`a process ended with ${code}`))
    this.#pending.clear()
  }
}
