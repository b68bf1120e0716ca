import { z } from 'zod'
import { serviceMethod } from '../../pipeline/modules/module.ts'
import { gate } from './gate.ts'

let held = gate()

/** Requests of `holding.hold` wait from now on: `reached` resolves at the first one, and `open` releases all. */
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

/** A module whose method responds when a test says so. */
export default { name: 'holding', model: [], methods: { hold } }
