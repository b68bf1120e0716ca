import { expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestEnd } from '../support/on-test-end.ts'
import { testSeed } from '../support/property-parameters.ts'
import { wireFuzz } from './wire-fuzz.ts'

const FRAMES = 200_000

test('LIM-150: hostile messages, WebSocket frames and HTTP requests end no server, get coded errors, and leave other sessions served and memory bounded', async () => {
  const data = await mkdtemp(join(tmpdir(), 'atrium-fuzz-'))
  onTestEnd(() => rm(data, { recursive: true, force: true }))
  const { sent, responses, errors, memory } = await wireFuzz({ data, frames: FRAMES, seed: testSeed() })
  expect(sent).toBeGreaterThanOrEqual(FRAMES)
  expect(responses).toBeGreaterThan(FRAMES / 4)
  expect(errors).toBeGreaterThan(FRAMES / 10)
  expect(memory.late - memory.early).toBeLessThan(300)
}, 600_000)
