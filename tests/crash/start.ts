// The command line as a process of its own: `node start.js start`.
import { main } from '../../scripts/cli.ts'

await main(process.argv.slice(2))
