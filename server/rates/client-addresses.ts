import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import proxyAddress from 'proxy-addr'
import { type IsTrusted, trustedProxies } from '../configuration/options/trusted-proxies.ts'

/** Groups of an IPv6 address that a provider gives to one customer: a /64. */
const CUSTOMER_GROUPS = 4

/** The addresses of clients, also of those behind proxies that are trusted. */
export class ClientAddresses {
  readonly #setting: () => string
  #known: string | undefined
  #isTrusted: IsTrusted = () => false

  /** @param setting `ATRIUM_TRUST_PROXY` as it is now */
  constructor(setting: () => string) {
    this.#setting = setting
  }

  /** Whether the peer of a socket is a proxy that says in `X-Forwarded-For` whom it stands for. */
  isProxy(peer: string): boolean {
    return this.#trust()(peer, 0)
  }

  /** The address of the client behind the trusted proxies, in the form that limits count by. */
  of(request: IncomingMessage): string {
    // An untrusted hop ends the chain, so a client cannot choose its own address.
    return addressKey(proxyAddress(request, this.#trust()) as string | undefined)
  }

  #trust(): IsTrusted {
    const setting = this.#setting()
    if (setting !== this.#known) {
      this.#known = setting
      this.#isTrusted = trustedProxies(setting) ?? (() => false)
    }
    return this.#isTrusted
  }
}

/** IPv4 as it is, also within IPv6; the network of a customer for IPv6, as one customer has all of its addresses. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return ''
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address.slice(0, 64)
  return `${groupsOf(address).slice(0, CUSTOMER_GROUPS).join(':')}::/64`
}

function groupsOf(address: string): string[] {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array.from({ length: Math.max(0, gap) }, () => '0'), ...after]
  return groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
}
