import type { WaitOptions } from '../runtime/deadline.ts'
import type { ProgressListener } from './connection-options.ts'

/**
 * Options of one call. A call that ends before its request was sent has no effect. If it ends later, its change may have
 * taken effect (`uncertain`).
 */
export interface RequestOptions extends WaitOptions {
  /** Called with the number of documents received so far of a long response. */
  onProgress?: ProgressListener
  /** Called with the bytes of the request that have left the socket's buffer, and with all of its bytes. */
  onUploadProgress?: (sent: number, total: number) => void
}
