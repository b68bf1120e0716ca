import { isClass } from '../../model/document-guards.ts'
import { messageOf } from '../../model/error-details.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import { uniqueKeysOf } from '../../model/unique-key.ts'
import { compileKeys } from '../../pipeline/shared/unique-constraints.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'

/** What is wrong with the unique keys that a module declares; `undefined` if nothing is. */
export function uniqueFlaw({ hierarchy }: WorkspaceModel, { model }: AtriumModule): string | undefined {
  for (const { objectId } of model as readonly { objectId?: string }[]) {
    const declared = hierarchy.findClass(objectId ?? '')
    if (declared === undefined || !isClass(declared)) continue
    const attributes = hierarchy.attributes(declared._id)
    const fields = uniqueKeysOf(declared).flatMap((key) => key.fields)
    const unknown = fields.find((field) => !attributes.has(field))
    if (unknown !== undefined)
      return `has a unique key of ${declared._id} with ${unknown}, which is no attribute`
    try {
      compileKeys(hierarchy, declared)
    } catch (error) {
      return `has a unique key of ${declared._id} that does not stand: ${messageOf(error)}`
    }
  }
  return undefined
}
