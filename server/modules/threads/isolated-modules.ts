import type { AtriumModule } from '../../../pipeline/modules/module.ts'
import { ownCopy } from '../../../pipeline/modules/own-copy.ts'
import { currentRun } from '../../../pipeline/modules/run-in-module.ts'
import type { Logger } from '../../../pipeline/shared/logger.ts'
import { sourceOf } from '../load-modules.ts'
import { ModuleThread } from './module-thread.ts'
import type { ThreadRun } from './thread-entry.ts'

export interface IsolationOptions {
  /** Mebibytes of the heap of each thread. */
  memory: number
  /** Milliseconds for which a thread may not respond while it has a run. */
  stall: number
  now: () => number
  logger: Logger
}

/**
 * Modules whose asynchronous triggers, jobs and methods run in a thread for each module. Models, synchronous triggers,
 * migrations and schemas stay in this thread.
 */
export class IsolatedModules {
  readonly modules: readonly AtriumModule[]
  readonly #threads: ModuleThread[] = []

  constructor(modules: readonly AtriumModule[], options: IsolationOptions) {
    const models = modules.map(({ model }) => model)
    this.modules = modules.map((module) => {
      const url = sourceOf(module)
      // A module that was not imported, as in tests, has no source.
      if (url === undefined) return module
      const thread = new ModuleThread({ module: module.name, url, models, ...options })
      this.#threads.push(thread)
      return isolated(module, thread)
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map(async (thread) => await thread.stop()))
  }
}

function isolated(module: AtriumModule, thread: ModuleThread): AtriumModule {
  const { triggers = [], jobs = {}, methods = {} } = module
  const runs = <T extends object>(kind: ThreadRun['kind'], name: string, declared: T): T => ({
    ...ownCopy(declared),
    run: async (context: object, input: unknown) => {
      const origin = currentRun()?.origin ?? { module: module.name, kind: 'start', name }
      return await thread.run({ kind, name, origin }, context, input)
    },
  })
  const all = <T extends object>(kind: ThreadRun['kind'], declared: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(ownCopy(declared)).map(([name, each]) => [name, runs(kind, name, each)]),
    )
  return {
    ...ownCopy(module),
    triggers: triggers.map((each) => (each.kind === 'async' ? runs('trigger', each.name, each) : each)),
    jobs: all('job', jobs),
    methods: all('method', methods),
  }
}
