import { duration } from './duration.ts'
import { rereads, whole, type Option } from './option.ts'

/** Rates of logins. 0 turns a limit off. */
export const rateOptions = {
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
