import type { ClientStore } from '../client-store.ts'

/** The contract of every store, in Node and in browsers. Each case gets an empty store and returns [found, expected]. */
export const storeCases: Readonly<Record<string, (store: ClientStore) => Promise<[unknown, unknown]>>> = {
  'a value is stored until it is replaced or deleted': async (store) => {
    const found = [await store.get('a')]
    for (const value of [1, { text: 'é \n " 𝄞', list: [null, true, 1.5] }]) {
      await store.set('a', value)
      found.push(await store.get('a'))
    }
    await store.delete('a')
    await store.delete('never there')
    return [
      [...found, await store.get('a')],
      [undefined, 1, { text: 'é \n " 𝄞', list: [null, true, 1.5] }, undefined],
    ]
  },
  'entries are found by prefix, in the order of their keys': async (store) => {
    for (const key of ['p/2', 'q', 'p/10', 'p', 'p/1', 'o', 'p/é']) await store.set(key, key.length)
    return [
      await store.entries('p/'),
      [
        ['p/1', 3],
        ['p/10', 4],
        ['p/2', 3],
        ['p/é', 3],
      ],
    ]
  },
  'concurrent changes take effect in their order': async (store) => {
    const changes = [1, 2, 3].map((value) => store.set('a', value))
    const last = store.delete('b')
    await Promise.all([...changes, last, store.set('b', 1), store.set('c', 1), store.delete('c')])
    return [
      await store.entries(''),
      [
        ['a', 3],
        ['b', 1],
      ],
    ]
  },
}
