// Installs and builds what is missing, then runs a fuzz command: `fuzz.js client --runs 10000 --seed 1`.
import { prepare } from './prepare.js'

const commands = ['authority', 'client']
const [command] = process.argv.splice(2, 1)
if (!commands.includes(command)) {
  process.stderr.write(`fuzz what? one of: ${commands.join(', ')}\n`)
  process.exit(2)
}
await prepare()
await import(`../../dist/tests/${command}/fuzz-command.js`)
