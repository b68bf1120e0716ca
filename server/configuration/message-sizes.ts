import { options } from './options/options.ts'

/** Bytes. Each is smaller than the next, so that what was taken from one client can be sent to the others. */
export interface MessageSizes {
  transaction: number
  push: number
  outbox: number
  payload: number
}

/** The values of the options. */
interface Given {
  maxTransaction: number | undefined
  maxPush: number | undefined
  outboxBytes: number | undefined
  maxPayload: number
}

export function messageSizes(given: Given): MessageSizes {
  const { maxPayload: payload } = given
  const outbox = given.outboxBytes ?? Math.floor(payload / 2)
  const push = given.maxPush ?? Math.floor(outbox / 2)
  return { transaction: given.maxTransaction ?? Math.floor(outbox / 4), push, outbox, payload }
}

/** An error message for each size that is not smaller than the next. */
export function sizeFlaws(values: Partial<Given>): string[] {
  const { maxPayload, ...others } = values
  // Another message says what is wrong with the value.
  if (maxPayload === undefined) return []
  const sizes = messageSizes({
    maxTransaction: undefined,
    maxPush: undefined,
    outboxBytes: undefined,
    ...others,
    maxPayload,
  })
  const order = [
    [options.maxTransaction.env, sizes.transaction],
    [options.maxPush.env, sizes.push],
    [options.outboxBytes.env, sizes.outbox],
    [options.maxPayload.env, sizes.payload],
  ] as const
  return order.slice(1).flatMap(([larger, most], at) => {
    const [env, size] = order[at] ?? [larger, 0]
    return size < most
      ? []
      : [`${env}: ${size} is not allowed; allowed is less than ${larger}, which is ${most}`]
  })
}
