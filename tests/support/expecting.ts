import { isDeepStrictEqual } from 'node:util'
import { expect } from 'expect'

/** Like `expect(condition).toBeTruthy()`, and TypeScript narrows by the condition. */
export function expectThat(condition: unknown, about: unknown = ''): asserts condition {
  if (!condition) expectFor(about, condition).toBeTruthy()
}

/** Like `expect(found).toStrictEqual(expected)`, for runs with so many checks that the cost of `expect` matters. */
export function expectEqual(found: unknown, expected: unknown, about: unknown = ''): void {
  if (!isDeepStrictEqual(found, expected)) expectFor(about, found).toStrictEqual(expected)
}

type Expectation<T> = ReturnType<typeof expect<T>>

/** `expect` whose failure also names the case: in loops, or with the output of a process. */
export function expectFor<T>(about: unknown, value: T): Expectation<T> {
  return telling(expect(value), String(about)) as Expectation<T>
}

function telling(matchers: object, about: string): object {
  return new Proxy(matchers, {
    get(target, name, receiver) {
      const found: unknown = Reflect.get(target, name, receiver)
      if (typeof found === 'function') return matching(found as Matcher, about)
      return typeof found === 'object' && found !== null ? telling(found, about) : found
    },
  })
}

type Matcher = (...args: unknown[]) => unknown

function matching(matcher: Matcher, about: string): Matcher {
  return (...args) => {
    try {
      const result = matcher(...args)
      return result instanceof Promise ? result.catch((error: unknown) => fail(error, about)) : result
    } catch (error) {
      return fail(error, about)
    }
  }
}

function fail(error: unknown, about: string): never {
  const { message, stack } = error as Error
  const told = `${about}\n\n${message}`
  // Jest shows the code of the first frame, which should be that of the test.
  const frames = stack?.replace(message, () => told).split('\n') ?? []
  const own = frames.filter((line) => !/^ +at .*expecting\.[jt]s/.test(line))
  throw Object.assign(error as Error, { message: told, stack: own.join('\n') })
}

/** For `toThrow`: an error that satisfies the predicate. */
export function satisfying<E = unknown>(predicate: (error: E) => unknown): object {
  return {
    asymmetricMatch: (error: unknown) => Boolean(predicate(error as E)),
    toAsymmetricMatcher: () => `satisfying ${String(predicate)}`,
    toString: () => 'satisfying',
  }
}
