import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc, Ref } from '../../model/documents.ts'
import type { WriteContext } from './method-call.ts'

/** Reads and commits on behalf of one account, bound by its permissions. Those of the system are without bounds. */
export interface Acting extends Pick<WriteContext, 'factory' | 'findAll' | 'commit'> {
  get: <T extends Doc>(_class: ClassRef<T>, id: Ref) => Promise<T | undefined>
}

/** Why code of a module runs. */
export interface Cause {
  /** `_id` of the account whose transaction or call it is. */
  readonly sender: string
  /** `_id` of the transaction. */
  readonly transaction?: string
  /** The triggers in between, by full name, from the first to the last. */
  readonly triggers: readonly string[]
}
