import { z } from 'zod'
import { listenAddress } from './listen-address.ts'
import { list, optional, rereads, text, type Option } from './option.ts'
import { originList } from './origin-list.ts'
import { trustedProxies } from './trusted-proxies.ts'

/** HTTP, and who may call it. */
export const httpOptions = {
  origins: {
    ...rereads(
      list(
        'ATRIUM_ORIGINS',
        '',
        'Origins of web pages that may connect and call, separated by commas; * is any. Empty: the server’s own, and on a loopback address pages of this machine.',
      ),
    ),
    schema: originList,
    allowed:
      'origins such as https://app.example:8443, without a path or a wildcard, separated by commas, or *',
  },
  trustProxy: {
    ...rereads(
      text(
        'ATRIUM_TRUST_PROXY',
        '',
        'Proxies whose X-Forwarded-For is believed: up to 10 hops, or addresses, CIDR blocks and loopback, separated by commas.',
        '',
      ),
    ),
    schema: z.string().refine((value) => trustedProxies(value) !== undefined),
    allowed: 'hops from 0 to 10, or addresses, CIDR blocks, loopback, linklocal and uniquelocal',
  },
  tlsCert: optional(
    'ATRIUM_TLS_CERT',
    'File of the certificate chain (PEM), for HTTPS. Read again on SIGHUP.',
  ),
  tlsKey: optional('ATRIUM_TLS_KEY', 'File of the key of ATRIUM_TLS_CERT (PEM). Read again on SIGHUP.'),
  metricsToken: {
    ...rereads(optional('ATRIUM_METRICS_TOKEN', 'Bearer token that /metrics asks for.')),
    schema: z.string().min(16).optional(),
    allowed: 'at least 16 characters',
    secret: true,
  },
  metricsPort: {
    ...optional(
      'ATRIUM_METRICS_PORT',
      'Port of /metrics alone, which the main port then does not have; 0 picks a free one.',
    ),
    schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().max(65_535)).optional(),
    allowed: 'a whole number from 0 to 65535',
  },
  metricsHost: listenAddress('ATRIUM_METRICS_HOST', 'Address that ATRIUM_METRICS_PORT listens on.'),
} satisfies Record<string, Option>
