import type { Doc, Space, Unchecked } from '../../model/documents.ts'
import { type Permissions, seesEverything, type SeesSpace } from '../permissions/permissions.ts'
import { isSpaceVisible } from '../permissions/space-index.ts'
import type { Work } from './commit-step.ts'

/**
 * What the caller sees after the changes staged so far. A change of membership takes effect with the next
 * transaction.
 */
export class StagedVisibility {
  readonly #work: Work
  readonly #permissions: Permissions
  readonly #isWhole: boolean

  constructor(work: Work, permissions: Permissions) {
    this.#work = work
    this.#permissions = permissions
    this.#isWhole = seesEverything(work.caller)
  }

  /** The document if the caller sees it. */
  visible(doc: Doc | undefined): Doc | undefined {
    if (doc === undefined || this.#isWhole) return doc
    const { caller, state } = this.#work
    return this.#permissions.sees(caller.account, doc, this.seesSpace, state.hierarchy) ? doc : undefined
  }

  readonly seesSpace: SeesSpace = (id) => {
    if (this.#isWhole) return true
    const { account } = this.#work.caller
    const staged = this.#staged(id)
    if (staged === undefined) return this.#permissions.seesSpace(account)(id)
    return staged.space !== undefined && isSpaceVisible(staged.space, account)
  }

  /** Whether the space exists, whoever sees it. */
  hasSpace(id: string): boolean {
    const staged = this.#staged(id)
    return staged === undefined ? this.#permissions.hasSpace(id) : staged.space !== undefined
  }

  /** The space if the group creates, changes or removes it. */
  #staged(id: string): { space: Unchecked<Space> | undefined } | undefined {
    const home = this.#permissions.homeOf(id)
    for (const domain of home === undefined ? this.#permissions.spaceDomains().keys() : [home]) {
      const staged = this.#work.state.peekStaged(domain, id)
      if (staged === undefined) continue
      const { doc } = staged
      if (doc === undefined) {
        if (home === undefined) continue
        return { space: undefined }
      }
      if (this.#permissions.isSpace(domain, doc)) return { space: doc }
    }
    return undefined
  }
}
