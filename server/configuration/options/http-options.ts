import { list, rereads, type Option } from './option.ts'

/** HTTP, and who may call it. */
export const httpOptions = {
  origins: rereads(
    list('ATRIUM_ORIGINS', '', 'Origins from which browsers may connect, separated by commas; empty: any.'),
  ),
} satisfies Record<string, Option>
