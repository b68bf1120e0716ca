import { fileStore } from '../file-store.ts'

/** `write-until-killed.js PATH [FROM]` writes to a store until it is killed, and prints the acknowledged numbers. */
const [path = '', from = '0'] = process.argv.slice(2)
const store = fileStore(path, { compactAbove: 4000 })
for (let at = Number(from); ; at++) {
  const written = [store.set('last', at), store.set(`entry/${at % 50}`, { at, text: 'x'.repeat(at % 97) })]
  await Promise.all(written)
  process.stdout.write(`${at}\n`)
}
