import { isFields } from '../../model/json-value.ts'
import { core } from '../../model/identifiers.ts'

/** Whether the server announces that it upgrades the model. */
export function isModelUpgrade(result: unknown): boolean {
  return isFields(result) && result['_class'] === core.class.TxModelUpgrade
}
