// One process at a time installs and builds. Plain JavaScript that needs nothing but Node.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** Milliseconds after which a lock is taken over, as a process may have the number of a dead holder. */
const STALE = 10 * 60_000
/** Milliseconds between two tries. */
const PAUSE = 200

/**
 * One of several processes does the work, and the others wait for it. A signal releases the lock: `work` gets it as an
 * `AbortSignal`, and the process ends as the signal would have ended it.
 */
export async function withBuildLock(file, work) {
  mkdirSync(dirname(file), { recursive: true })
  while (!tryLock(file)) await wait(PAUSE)
  const ending = new AbortController()
  const end = (signal) => ending.abort(signal)
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  for (const signal of signals) process.on(signal, end)
  try {
    await work(ending.signal)
  } finally {
    rmSync(file, { force: true })
    for (const signal of signals) process.off(signal, end)
    if (ending.signal.aborted) process.kill(process.pid, ending.signal.reason)
  }
}

function tryLock(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (isLeftOver(file)) rmSync(file, { recursive: true, force: true })
    return false
  }
}

function isLeftOver(file) {
  const modified = statSync(file, { throwIfNoEntry: false })?.mtimeMs
  if (modified === undefined) return false
  return Date.now() - modified > STALE || isGone(Number(readFileSync(file, 'utf8')))
}

/** @param holder 0 while it writes its number */
function isGone(holder) {
  if (holder === 0) return false
  try {
    process.kill(holder, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}
