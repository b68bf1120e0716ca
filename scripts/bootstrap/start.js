import { prepare } from './prepare.js'

await prepare()
const { main } = await import('../../dist/scripts/cli.js')
await main(['start', ...process.argv.slice(2)])
