import type { Dial, WebSocketLike } from '../../client/runtime/web-socket.ts'

/** Replaces a frame of the server by others, by invalid ones, or by none, when it is lost. */
export type Tamper = (frame: Record<string, unknown>) => unknown[]

/** A dial that can change the server’s JSON text frames in transit. */
export function tamperingDial(dial: Dial, tamper: Tamper): Dial {
  return (url, protocols) => {
    const socket = dial(url, protocols)
    const listen = socket.addEventListener.bind(socket) as (
      type: string,
      listener: (event: never) => void,
    ) => void
    const addEventListener = (type: string, listener: (event: never) => void): void => {
      if (type !== 'message') return listen(type, listener)
      listen('message', (({ data }: { data: string }) => {
        for (const each of tamper(JSON.parse(data) as Record<string, unknown>)) {
          const sent = typeof each === 'string' ? each : JSON.stringify(each)
          listener({ data: sent } as never)
        }
      }) as (event: never) => void)
    }
    return new Proxy(socket, {
      get: (target, name) => {
        if (name === 'addEventListener') return addEventListener
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    }) as WebSocketLike
  }
}
