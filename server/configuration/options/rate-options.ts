import { duration } from './duration.ts'
import { rereads, whole, type Option } from './option.ts'

/** Rates of requests and logins. 0 turns a limit off. */
export const rateOptions = {
  rateWindow: rereads(
    duration('ATRIUM_RATE_WINDOW', '30s', 'Time in which requests and bytes are counted.', {
      unit: 'ms',
      least: '1s',
      most: '1h',
    }),
  ),
  accountRequests: rereads(
    whole('ATRIUM_ACCOUNT_REQUESTS', 1500, 'Requests of an account in ATRIUM_RATE_WINDOW. 0: no limit.', 0),
  ),
  systemRequests: rereads(
    whole(
      'ATRIUM_SYSTEM_REQUESTS',
      5000,
      'ATRIUM_ACCOUNT_REQUESTS for the system, and for backup and upgrade tools. 0: no limit.',
      0,
    ),
  ),
  sessionRequests: rereads(
    whole('ATRIUM_SESSION_REQUESTS', 0, 'Requests of one session in ATRIUM_RATE_WINDOW. 0: no limit.', 0),
  ),
  addressRequests: rereads(
    whole(
      'ATRIUM_ADDRESS_REQUESTS',
      0,
      'Requests of one address in ATRIUM_RATE_WINDOW, over HTTP too. 0: no limit, as an office may share an address.',
      0,
    ),
  ),
  accountBytes: rereads(
    whole(
      'ATRIUM_ACCOUNT_BYTES',
      512 * 1024 * 1024,
      'Bytes that an account sends in ATRIUM_RATE_WINDOW; beyond them its sessions are not read. 0: no limit.',
      0,
    ),
  ),
  systemBytes: rereads(
    whole(
      'ATRIUM_SYSTEM_BYTES',
      2 ** 31,
      'ATRIUM_ACCOUNT_BYTES for the system, and for backup and upgrade tools. 0: no limit.',
      0,
    ),
  ),
  sessionBytes: rereads(
    whole('ATRIUM_SESSION_BYTES', 0, 'ATRIUM_ACCOUNT_BYTES for one session. 0: no limit.', 0),
  ),
  addressBytes: rereads(
    whole('ATRIUM_ADDRESS_BYTES', 0, 'ATRIUM_ACCOUNT_BYTES for one address. 0: no limit.', 0),
  ),
  loginAttempts: rereads(
    whole(
      'ATRIUM_LOGIN_ATTEMPTS',
      10,
      'Wrong passwords of an account, or of an address that it knows, after which the next one has to wait. 0: no limit.',
      0,
    ),
  ),
  addressLoginAttempts: rereads(
    whole(
      'ATRIUM_ADDRESS_LOGIN_ATTEMPTS',
      100,
      'Wrong passwords of one address, for any accounts, after which the next one has to wait. 0: no limit.',
      0,
    ),
  ),
  loginWait: rereads(
    duration(
      'ATRIUM_LOGIN_WAIT',
      '5m',
      'Longest wait after wrong passwords; the first one is a second, and each is twice the one before.',
      { unit: 'ms', least: '1s', most: '1d' },
    ),
  ),
} satisfies Record<string, Option>
