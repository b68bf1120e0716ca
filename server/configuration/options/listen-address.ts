import { isIPv6 } from 'node:net'
import { z } from 'zod'
import { text, type Option } from './option.ts'

/** An address or a name of this machine to listen on; an IPv6 address may be in brackets. */
export function listenAddress(env: string, meaning: string): Option<string> {
  return {
    ...text(env, '127.0.0.1', meaning),
    schema: z
      .string()
      .min(1)
      .transform(withoutBrackets)
      .refine((host) => isIPv6(host) || /^[^\s:[\]/]+$/.test(host)),
    allowed: 'an address or a name of this machine, without a port',
  }
}

/** An IPv6 address as it stands in a URL. */
function withoutBrackets(host: string): string {
  const inner = /^\[(.*)\]$/.exec(host)?.[1]
  return inner !== undefined && isIPv6(inner) ? inner : host
}
