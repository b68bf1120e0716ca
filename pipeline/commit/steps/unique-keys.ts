import type { Doc } from '../../../model/documents.ts'
import { isClass } from '../../../model/document-guards.ts'
import { StatusError } from '../../../model/status.ts'
import { compileKeys, constraintsOf, type HeldKey } from '../../shared/unique-constraints.ts'
import type { AppliedChange, ChangeStep, NewKey, RequestStep, Work } from '../commit-step.ts'

/** Notes the documents that get a unique key. A class whose keys cannot be compiled is refused. */
export const noteKeys: ChangeStep = (next) =>
  async function noteKeys(work, tx) {
    const outcome = await next(work, tx)
    if (outcome.change?.after !== undefined) note(work, outcome.change, outcome.change.after)
    return outcome
  }

/**
 * Refuses a request that leaves two documents with one unique key. It is checked when the request is complete, so that
 * a key may change hands within an apply-if in any order. The queue is the only writer, so nothing comes in between.
 * @throws StatusError NotUnique, which names no document: the caller may not see the other one
 */
export const checkKeys: RequestStep = (next, { id, turns }) =>
  async function checkKeys(work, tx) {
    const outcome = await next(work, tx)
    for (const key of work.keys) {
      const turn = turns.pause(id)
      if (turn !== undefined) await turn
      await check(work, key)
    }
    return outcome
  }

function note({ state, keys }: Work, { before }: AppliedChange, after: Doc): void {
  if (isClass(after)) compileKeys(state.hierarchy, after)
  for (const constraint of constraintsOf(state.hierarchy, after._class)) {
    const key = constraint.keyOf(after)
    if (key === undefined) continue
    state.noteHolder(key.text, after._id)
    const isNew = before === undefined || constraint.keyOf(before)?.text !== key.text
    if (isNew) keys.push({ constraint, id: after._id })
  }
}

/** The document as the request leaves it may have lost the key that was noted. */
async function check(work: Work, { constraint, id }: NewKey): Promise<void> {
  const { domain, _class, fields } = constraint
  const doc = work.state.peekStaged(domain, id)?.doc
  const key = doc === undefined ? undefined : constraint.keyOf(doc)
  if (key === undefined || !(await isHeldByAnother(work, { constraint, id }, key))) return
  throw new StatusError('platform:status:NotUnique', { _class, fields: fields.join(', ') })
}

async function isHeldByAnother({ state }: Work, { constraint, id }: NewKey, key: HeldKey): Promise<boolean> {
  const { domain } = constraint
  const holds = (doc: Doc | undefined) => doc !== undefined && constraint.keyOf(doc)?.text === key.text
  for (const other of state.stagedHolders(key.text))
    if (other !== id && holds(state.peekStaged(domain, other)?.doc)) return true
  for (const { _id: other } of await state.findHolders(constraint, key)) {
    // What was found may be of before a group that has become durable meanwhile.
    if (other !== id && holds(await state.get(domain, other))) return true
  }
  return false
}
