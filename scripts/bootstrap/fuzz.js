// Installs and builds what is missing, then lets clients loose on lines that fail: `fuzz.js --runs 10000 --seed 1`.
import { prepare } from './prepare.js'

await prepare()
await import('../../dist/tests/client/fuzz-command.js')
