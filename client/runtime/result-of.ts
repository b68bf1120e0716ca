import type { Response } from '../../protocol/messages.ts'

/** The result of a response, as the type that the method has: the client trusts its server in this. */
export function resultOf<T>({ result }: Response): T {
  return result as T
}
