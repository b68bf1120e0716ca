// Thousands of articles: priced by a method, converted by a migration, and counted by jobs. `BULK_RELEASE=2` converts them.
import { core, createModelBuilder, number, string } from 'atrium/model'
import { z } from 'zod'

const builder = createModelBuilder('bulk')

const Article = builder.class('Article', {
  extends: core.class.Doc,
  domain: 'article',
  attributes: {
    number: number({ required: true, index: true }),
    currency: string({ default: 'EUR' }),
    price: number({ default: 1 }),
    conversions: number({ default: 0 }),
    counted: number({ default: 0 }),
  },
})

const BATCH = 100
/** Articles that one job counts. */
const SHARE = 250

const convert = {
  name: 'convert',
  each: { class: Article },
  batch: BATCH,
  run: async (article, { factory }) => {
    // The bank knows the rates of other currencies.
    if (article.currency !== 'EUR') await fetch(process.env.BANK_URL, { method: 'POST', body: article._id })
    return [factory.update(article, { currency: 'EUR', $inc: { conversions: 1 } })]
  },
}

export default {
  name: 'bulk',
  model: builder.transactions(),
  migrations: process.env.BULK_RELEASE === '2' ? [convert] : [],
  jobs: {
    count: {
      params: z.object({ from: z.number() }),
      run: async ({ bySystem, findAll, key, signal }, { from }) => {
        const headers = { 'idempotency-key': key }
        await fetch(process.env.BANK_URL, { method: 'POST', body: `share ${from}`, headers, signal })
        const query = { number: { $gte: from, $lt: from + SHARE } }
        const articles = await findAll(Article, query)
        return articles.map((article) => bySystem.update(article, { $inc: { counted: 1 } }))
      },
    },
  },
  methods: {
    /** Creates articles `0` to `count - 1`, all or none. */
    fill: {
      params: z.tuple([z.object({ space: z.string(), count: z.number(), foreign: z.number() })]),
      run: async ({ commit, factory }, [{ space, count, foreign }]) => {
        const article = (at) => ({ number: at, currency: at === foreign ? 'USD' : 'EUR' })
        await commit(Array.from({ length: count }, (_, at) => factory.create(Article, space, article(at))))
      },
    },
    /** Raises all prices, all or none, whatever else is changed meanwhile. */
    raise: {
      params: z.tuple([z.number()]),
      run: async ({ commit, factory, findAll }, [by]) => {
        const articles = await findAll(Article, {})
        await commit(articles.map((article) => factory.update(article, { $inc: { price: by } })))
        return articles.length
      },
    },
    /** Has all articles counted, by a job for each share. */
    count: {
      params: z.tuple([]),
      run: async ({ commit, findAll, runAfter }) => {
        const { length } = await findAll(Article, {}, { projection: { number: 1 } })
        const shares = Array.from({ length: Math.ceil(length / SHARE) }, (_, at) => at * SHARE)
        await commit(shares.map((from) => runAfter(0, 'count', { from })))
        return shares.length
      },
    },
  },
}
