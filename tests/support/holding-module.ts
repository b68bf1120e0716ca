import { z } from 'zod'
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import { serviceMethod } from '../../pipeline/modules/module.ts'
import type { Trigger } from '../../pipeline/modules/trigger.ts'
import { gate } from './gate.ts'

let held = gate()

/** Calls of `holding.hold`, and commits of a task titled {@link HELD_TITLE}, wait from now on: `reached` resolves at the first one, and `open` releases all. */
export function holdRequests(): { reached: Promise<void>; open: () => void } {
  held = gate()
  return held
}

const hold = serviceMethod({
  params: z.array(z.unknown()),
  run: async () => {
    await held.pass()
    return 'held'
  },
})

/** Holds the commit of a task that has this title. */
export const HELD_TITLE = 'held'

const holdTask: Trigger = {
  kind: 'sync',
  name: 'hold',
  on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] },
  run: async ({ after }) => {
    if ((after as { title?: string } | undefined)?.title === HELD_TITLE) await held.pass()
    return []
  },
}

/** A module whose method responds, and whose trigger lets commits pass, when a test says so. */
export default { name: 'holding', model: [], triggers: [holdTask], methods: { hold } }
