import { z } from 'zod'
import { duration } from './duration.ts'
import { list, oneOf, rereads, separated, text, whole, type Option } from './option.ts'

/** Accounts and tokens. */
export const accountsOptions = {
  accounts: {
    ...text(
      'ATRIUM_ACCOUNTS',
      'builtin',
      'The accounts service: built-in, none (every valid token is admitted), or a URL.',
    ),
    schema: z.union([z.enum(['builtin', 'none']), z.url({ protocol: /^https?$/ })]),
    allowed: 'builtin, none, or an http(s) URL',
  },
  systemEmails: {
    ...list(
      'ATRIUM_SYSTEM_EMAILS',
      '',
      'Further emails with which the system signs in, separated by commas; the spelling is exact.',
    ),
    schema: z
      .string()
      .transform(separated)
      .pipe(
        z.array(
          z
            .string()
            .max(256)
            .regex(/^[^\s@]+@[^\s@]+$/),
        ),
      ),
    allowed: 'emails separated by commas',
  },
  signup: rereads(
    oneOf('ATRIUM_SIGNUP', ['open', 'closed'], 'open', 'Whether anyone may create an account.'),
  ),
  tokenTtl: rereads(
    duration('ATRIUM_TOKEN_TTL', '1d', 'Lifetime of a token of the built-in accounts.', {
      unit: 's',
      least: '1s',
    }),
  ),
  loginMaxAge: rereads(
    duration(
      'ATRIUM_LOGIN_MAX_AGE',
      '30d',
      'Time after a login in which its tokens are renewed; none of them is valid longer.',
      { unit: 's', least: '1s' },
    ),
  ),
  accountsTimeout: duration('ATRIUM_ACCOUNTS_TIMEOUT', '5s', 'Timeout of a call to the accounts service.', {
    unit: 'ms',
    least: '1ms',
  }),
  accountsTries: whole(
    'ATRIUM_ACCOUNTS_TRIES',
    3,
    'Calls to the accounts service before it counts as down.',
    1,
  ),
  accountsCache: duration(
    'ATRIUM_ACCOUNTS_CACHE',
    '5s',
    'Time for which a response of the accounts service is cached.',
    {
      unit: 'ms',
      least: '0ms',
    },
  ),
  accountsGrace: duration(
    'ATRIUM_ACCOUNTS_GRACE',
    '15m',
    'Time for which known tokens stay valid while the accounts service is down.',
    {
      unit: 's',
      least: '0s',
    },
  ),
} satisfies Record<string, Option>
