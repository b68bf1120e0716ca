// Installs and builds what is missing, then measures: `bench.js [name] [options]`, a name being a file of bench/.
import { prepare } from './prepare.js'

const [first, ...rest] = process.argv.slice(2)
const named = first !== undefined && !first.startsWith('-')
if (named) process.argv.splice(2, process.argv.length, ...rest)
await prepare()
await import(`../../dist/bench/${named ? first : 'main'}.js`)
