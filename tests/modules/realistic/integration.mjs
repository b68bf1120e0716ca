// Orders, which a shop at `SHOP_URL` is told of. It is away at times, and slow at others.
import { boolean, core, createModelBuilder, Permanent, RetryAfter, string } from 'atrium/model'

const builder = createModelBuilder('integration')

const Order = builder.class('Order', {
  extends: core.class.Doc,
  domain: 'order',
  attributes: { title: string({ required: true }), told: boolean({ default: false }) },
})

export default {
  name: 'integration',
  model: builder.transactions(),
  triggers: [
    {
      kind: 'async',
      name: 'tell-shop',
      on: { classes: [Order], transactions: ['core:class:TxCreateDoc'] },
      concurrency: 8,
      retry: { for: '24h', first: '5ms', max: '20ms' },
      run: async ({ after, bySystem, key, signal }) => {
        const order = await after()
        if (order === undefined) return []
        const response = await fetch(process.env.SHOP_URL, {
          method: 'POST',
          body: order.title,
          headers: { 'idempotency-key': key },
          signal,
        })
        if (response.status === 429) throw new RetryAfter(Number(response.headers.get('retry-after-ms')))
        if (response.status === 400) throw new Permanent(await response.text())
        if (!response.ok) throw new Error(`the shop says ${response.status}`)
        return [bySystem.update(order, { told: true })]
      },
    },
  ],
}
