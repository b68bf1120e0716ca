// Installs and builds what is missing, then runs a fuzz command: `fuzz.js client --runs 10000 --seed 1`.
import { prepare } from './prepare.js'

/** Folders of `tests`, by command. */
const commands = { authority: 'authority', client: 'client', wire: 'wire-fuzz' }
const [command] = process.argv.splice(2, 1)
if (!Object.hasOwn(commands, command ?? '')) {
  process.stderr.write(`fuzz what? one of: ${Object.keys(commands).join(', ')}\n`)
  process.exit(2)
}
await prepare()
await import(`../../dist/tests/${commands[command]}/fuzz-command.js`)
