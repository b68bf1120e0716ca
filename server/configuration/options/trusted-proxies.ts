import { isIP } from 'node:net'
import proxyAddress from 'proxy-addr'
import { separated } from './option.ts'

/** Whether `X-Forwarded-For` of the peer at an address is believed. `hop` counts from 0 at the server. */
export type IsTrusted = (address: string, hop: number) => boolean

/** Proxies in a row; more are a slip, and each that does not exist lets a client choose its own address. */
const MOST_HOPS = 10
const NAMES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal'])

/** @returns `undefined`: the value means nothing */
export function trustedProxies(value: string): IsTrusted | undefined {
  if (/^\d+$/.test(value)) {
    const hops = Number(value)
    return hops <= MOST_HOPS ? (_address, hop) => hop < hops : undefined
  }
  const parts = separated(value)
  if (parts.length === 0) return () => false
  // The parser takes a plain number as an address.
  if (!parts.every((part) => NAMES.has(part) || isIP(part.split('/')[0] ?? '') > 0)) return undefined
  try {
    return proxyAddress.compile(parts)
  } catch {
    return undefined
  }
}
