// Greets new guests of the workspaces that want it, in their words, and tells the printer at `PRINTER_URL`.
// `TENANT_RELEASE`: 1, 2 with the trigger renamed, 3 without it.
import { core, createModelBuilder, number, string } from 'atrium/model'
import { z } from 'zod'

const builder = createModelBuilder('tenant')

const Guest = builder.class('Guest', {
  extends: core.class.Doc,
  domain: 'guest',
  attributes: {
    name: string({ required: true }),
    greeting: string(),
    badges: number({ default: 0 }),
  },
})

const created = { classes: [Guest], transactions: ['core:class:TxCreateDoc'] }

const greet = {
  kind: 'sync',
  name: 'greet',
  on: created,
  run: ({ after, bySystem, settings, workspace }) => [
    bySystem.update(after, { greeting: `${settings.greeting}, ${after.name}, to ${workspace.id}` }),
  ],
}

const print = {
  kind: 'async',
  name: 'print',
  on: created,
  run: async ({ get, bySystem, signal }, { objectId }) => {
    const guest = await get(Guest, objectId)
    if (guest === undefined) return []
    await fetch(process.env.PRINTER_URL, { method: 'POST', body: guest.name, signal })
    return [bySystem.update(guest, { $inc: { badges: 1 } })]
  },
}

const releases = {
  1: [greet, print],
  2: [greet, { ...print, name: 'print-badge', was: ['print'] }],
  3: [greet],
}

export default {
  name: 'tenant',
  version: '1.0.0',
  enabledIn: 'some',
  settings: z.object({ greeting: z.string().max(20).default('Welcome') }),
  model: builder.transactions(),
  triggers: releases[process.env.TENANT_RELEASE ?? 1],
  methods: {
    greeting: { params: z.tuple([]), idempotent: true, run: ({ settings }) => settings.greeting },
  },
}
