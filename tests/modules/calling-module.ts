// A module of an application: it tells an outside service, at `SERVICE_URL`, of each new task.
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'

const calling: AtriumModule = {
  name: 'calling',
  model: [],
  triggers: [
    {
      kind: 'async',
      name: 'tell',
      on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] },
      run: async ({ key, signal }, { objectId }) => {
        const url = process.env['SERVICE_URL'] ?? ''
        const response = await fetch(url, { method: 'POST', body: JSON.stringify({ objectId, key }), signal })
        if (!response.ok) throw new Error(`the service answered ${response.status}`)
        return []
      },
    },
  ],
}

export default calling
