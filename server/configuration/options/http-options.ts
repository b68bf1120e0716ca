import { z } from 'zod'
import { list, rereads, text, type Option } from './option.ts'
import { trustedProxies } from './trusted-proxies.ts'

/** HTTP, and who may call it. */
export const httpOptions = {
  origins: rereads(
    list('ATRIUM_ORIGINS', '', 'Origins from which browsers may connect, separated by commas; empty: any.'),
  ),
  trustProxy: {
    ...rereads(
      text(
        'ATRIUM_TRUST_PROXY',
        '',
        'Proxies whose X-Forwarded-For is believed: a number of hops, or addresses, CIDR blocks and loopback, separated by commas.',
        '',
      ),
    ),
    schema: z.string().refine((value) => trustedProxies(value) !== undefined),
    allowed: 'a number of hops, or addresses, CIDR blocks, loopback, linklocal and uniquelocal',
  },
} satisfies Record<string, Option>
