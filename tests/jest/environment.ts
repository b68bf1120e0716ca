import { Worker } from 'node:worker_threads'
import { TestEnvironment } from 'jest-environment-node'

/** Milliseconds after which a file of tests that hangs has failed, in whatever loop it is. */
const HANGS = 300_000

/** Ends the process from a thread of its own: a loop that never ends lets no timer of its thread run. */
const watchdog = `
  const { workerData } = require('node:worker_threads')
  setTimeout(() => {
    require('node:fs').writeSync(2, workerData.file + ' hangs\\n')
    process.kill(process.pid, 'SIGKILL')
  }, workerData.after)
`

/** Of what Node itself makes, a test may ask for the class. */
const builtIn = [
  'Error',
  'AggregateError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'Object',
  'Function',
  'Array',
  'Map',
  'Set',
  'Promise',
  'Date',
  'RegExp',
] as const

type Class = new () => object

/**
 * Node’s own environment, in which what Node makes is an instance of what a test knows by the same name: each file of
 * tests has its own `Error`, `Map` and so on, while Node makes those of the process.
 */
export default class Environment extends TestEnvironment {
  readonly #file: string
  #watchdog: Worker | undefined

  constructor(...args: ConstructorParameters<typeof TestEnvironment>) {
    super(...args)
    this.#file = args[1].testPath
    const inner = this.global as unknown as Record<string, Class>
    const outer = globalThis as unknown as Record<string, Class>
    // As in Node: with Jest's 100 each `expect` costs several times as much, for the error that it may throw.
    ;(this.global.Error as unknown as ErrorConstructor).stackTraceLimit = 10
    for (const name of builtIn) {
      const [own, shared] = [inner[name], outer[name]]
      if (own !== undefined && shared !== undefined) accept(own, shared)
    }
  }

  override async setup(): Promise<void> {
    await super.setup()
    const workerData = { file: this.#file, after: HANGS }
    this.#watchdog = new Worker(watchdog, { eval: true, workerData, execArgv: [] })
    this.#watchdog.unref()
  }

  override async teardown(): Promise<void> {
    await this.#watchdog?.terminate()
    await super.teardown()
  }
}

const isInstance = Function.prototype[Symbol.hasInstance]

/** Classes that extend it inherit the method, and have instances of their own alone. */
function accept(own: Class, shared: Class): void {
  Object.defineProperty(own, Symbol.hasInstance, {
    value(this: unknown, value: unknown) {
      return isInstance.call(this as Class, value) || (this === own && isInstance.call(shared, value))
    },
  })
}
