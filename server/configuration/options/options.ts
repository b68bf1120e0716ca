import type { Option } from './option.ts'
import { serverOptions } from './server-options.ts'
import { storageOptions } from './storage-options.ts'
import { accountsOptions } from './accounts-options.ts'
import { connectionOptions } from './connection-options.ts'
import { httpOptions } from './http-options.ts'
import { moduleCommitOptions } from './module-commit-options.ts'
import { rateOptions } from './rate-options.ts'
import { sessionOptions } from './session-options.ts'

/** Every option. The flag of `ATRIUM_MAX_PAYLOAD` is `--max-payload`. */
export const options = {
  ...serverOptions,
  ...storageOptions,
  ...accountsOptions,
  ...httpOptions,
  ...connectionOptions,
  ...rateOptions,
  ...sessionOptions,
  ...moduleCommitOptions,
} satisfies Record<string, Option>

export type OptionName = keyof typeof options
