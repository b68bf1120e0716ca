// The command line in its own process: `node start.js start`.
import { main } from '../../scripts/cli.ts'

await main(process.argv.slice(2))
