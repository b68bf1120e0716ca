// `npm run fuzz:wire -- --frames 10000000 --seed 1`
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { wireFuzz } from './wire-fuzz.ts'

const { values } = parseArgs({
  options: { frames: { type: 'string', default: '10000000' }, seed: { type: 'string' } },
})
const frames = Number(values.frames)
const seed = Number(values.seed ?? randomInt(1e9))
const data = await mkdtemp(join(tmpdir(), 'atrium-fuzz-'))
process.stdout.write(`seed ${seed}\n`)
const started = performance.now()
let next = 0
try {
  const summary = await wireFuzz({
    data,
    frames,
    seed,
    progress: (sent) => {
      if (sent < next) return
      next = sent + Math.max(50_000, frames / 50)
      const rate = Math.round(sent / ((performance.now() - started) / 1000))
      process.stdout.write(`${sent} frames, ${rate} a second\n`)
    },
  })
  process.stdout.write(`${JSON.stringify(summary)}\n`)
} finally {
  await rm(data, { recursive: true, force: true })
}
