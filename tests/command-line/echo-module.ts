import { z } from 'zod'
import { serviceMethod } from '../../pipeline/modules/module.ts'

const params = serviceMethod({ params: z.array(z.unknown()), run: (_call, given) => given })

const count = serviceMethod({
  params: z.tuple([z.number()]),
  run: async function* (_call, [most]) {
    for (let at = 0; at < most; at++) yield await Promise.resolve(at)
  },
})

/** A module whose methods return what they are given. */
export default { name: 'echo', model: [], methods: { params, count } }
