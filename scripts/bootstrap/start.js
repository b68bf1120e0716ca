import { handleEarlySignals } from './early-signals.js'
import { endWithNpm } from './parent.js'
import { prepare } from './prepare.js'

handleEarlySignals()
endWithNpm()
await prepare()
const { main } = await import('../../dist/scripts/cli.js')
await main(['start', ...process.argv.slice(2)])
