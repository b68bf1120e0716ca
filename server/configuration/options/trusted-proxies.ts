import proxyAddress from 'proxy-addr'
import { separated } from './option.ts'

/** Whether `X-Forwarded-For` of the peer at an address is believed. `hop` counts from 0 at the server. */
export type IsTrusted = (address: string, hop: number) => boolean

const HOPS = /^\d{1,2}$/

/** @returns `undefined`: the value means nothing */
export function trustedProxies(value: string): IsTrusted | undefined {
  if (HOPS.test(value)) return (_address, hop) => hop < Number(value)
  const parts = separated(value)
  if (parts.length === 0) return () => false
  try {
    return proxyAddress.compile(parts)
  } catch {
    return undefined
  }
}
