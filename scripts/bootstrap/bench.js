// Installs and builds what is missing, then runs a bench: `bench.js [name] [options]`, the name of a file in bench/.
import { prepare } from './prepare.js'

const [first, ...rest] = process.argv.slice(2)
const named = first !== undefined && !first.startsWith('-')
if (named) process.argv = [...process.argv.slice(0, 2), ...rest]
await prepare()
await import(`../../dist/bench/${named ? first : 'main'}.js`)
