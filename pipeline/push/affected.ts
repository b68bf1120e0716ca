import type { ClassId } from '../../model/documents.ts'
import type { Audience } from './push.ts'

/** A class whose documents changed, or are now found by other words, and the audience of that. */
export interface Affected {
  _class: ClassId
  /** `undefined`: everyone. */
  audience: Audience | undefined
}
