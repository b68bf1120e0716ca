// Installs and builds what is missing, then runs a server and clients with every fault: `soak.js --minutes 30 --seed 1`.
import { prepare } from './prepare.js'

await prepare()
await import('../../dist/tests/soak/soak-command.js')
