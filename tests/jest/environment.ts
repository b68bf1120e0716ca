import { Worker } from 'node:worker_threads'
import { TestEnvironment } from 'jest-environment-node'

/** Milliseconds after which a hanging test file has failed, whatever loop it is in. */
const HANGS = 300_000

/** Ends the process from a separate thread: an endless loop blocks the timers of its own thread. */
const watchdog = `
  const { workerData } = require('node:worker_threads')
  setTimeout(() => {
    require('node:fs').writeSync(2, workerData.file + ' hangs\\n')
    process.kill(process.pid, 'SIGKILL')
  }, workerData.after)
`

/** The built-in classes of Node that a test may use with `instanceof`. */
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
 * Node’s own environment, in which an object of Node is an instance of the test’s class of the same name. Each test
 * file has its own `Error`, `Map` and so on, and Node uses those of the process.
 */
export default class Environment extends TestEnvironment {
  readonly #file: string
  #watchdog: Worker | undefined

  constructor(...args: ConstructorParameters<typeof TestEnvironment>) {
    super(...args)
    this.#file = args[1].testPath
    const inner = this.global as unknown as Record<string, Class>
    const outer = globalThis as unknown as Record<string, Class>
    // As in Node: with Jest’s 100 each `expect` is several times slower, because of the error that it prepares.
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

/** Subclasses inherit the method, and have only their own instances. */
function accept(own: Class, shared: Class): void {
  Object.defineProperty(own, Symbol.hasInstance, {
    value(this: unknown, value: unknown) {
      return isInstance.call(this as Class, value) || (this === own && isInstance.call(shared, value))
    },
  })
}
