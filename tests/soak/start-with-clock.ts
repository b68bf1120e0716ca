// The command line in its own process, whose wall clock is set by messages: `{clock: milliseconds ahead}`.
import { systemClock } from '../../model/clock.ts'

const { now } = systemClock
let ahead = 0
// Before other imports, which may keep the function.
systemClock.now = () => now() + ahead
process.on('message', ({ clock }: { clock: number }) => (ahead = clock))
process.channel?.unref()
// An ended soak leaves no server behind.
process.on('disconnect', () => process.exit())

const { main } = await import('../../scripts/cli.ts')
await main(process.argv.slice(2))
