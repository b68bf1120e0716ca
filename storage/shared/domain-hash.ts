import type { Domain } from '../../model/documents.ts'
import type { WorkspaceStorage } from '../contract.ts'

const PAGE_BYTES = 1024 * 1024
const DIGITS = 64
const MODULUS = 1n << BigInt(DIGITS * 4)

/**
 * A hash of all documents of a domain at one log position: the sum of their content hashes modulo 2^256, in 64 hex
 * digits. It does not depend on the order or the storage of the documents. 0 for none.
 */
export async function domainHash(storage: WorkspaceStorage, domain: Domain): Promise<string> {
  const scan = await storage.scan(domain)
  try {
    let sum = 0n
    for (let finished = false; !finished;) {
      const page = await scan.next(PAGE_BYTES)
      for (const { hash } of page.docs) sum += BigInt(`0x${hash}`)
      ;({ finished } = page)
    }
    return (sum % MODULUS).toString(16).padStart(DIGITS, '0')
  } finally {
    scan.close()
  }
}
