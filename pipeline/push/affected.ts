import type { ClassId } from '../../model/documents.ts'
import type { Audience } from './push.ts'

/** A class, documents of which are others now or are found by others, and who may hear of it. */
export interface Affected {
  _class: ClassId
  /** `undefined`: everyone. */
  audience: Audience | undefined
}
