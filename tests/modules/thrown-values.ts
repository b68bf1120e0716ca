// What code of a module may throw, by the title of a task.
const hostile = (name: string): Error =>
  Object.defineProperty(new Error('hostile'), name, {
    get: () => {
      throw new Error('a getter')
    },
  })

const refuse = (): never => {
  throw new Error('a trap')
}

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** As errors of HTTP clients, which have their request and response. */
const cyclic = (): Error => {
  const error = new Error('cyclic')
  return Object.assign(error, { response: { request: error }, cause: error })
}

export const thrown: Record<string, () => unknown> = {
  bare: () => Object.create(null) as unknown,
  message: () => hostile('message'),
  stack: () => hostile('stack'),
  name: () => hostile('name'),
  revoked,
  proxy: () => new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse }),
  cyclic,
  'with toJSON': () => Object.assign(new Error('json'), { toJSON: refuse, size: 1n }),
}

/** Throws the value of this name, if there is one. */
export function throws(name: string): void {
  const make = thrown[name]
  if (make !== undefined) throw make()
}
