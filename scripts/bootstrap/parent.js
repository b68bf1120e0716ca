// What npm starts ends with npm. npm passes SIGTERM to the shell it runs scripts in, which dies of it alone, and SIGKILL
// to nobody. Plain JavaScript that needs nothing but Node.
import { readFileSync } from 'node:fs'
import { say } from './prepare.js'

/** Milliseconds between two looks. */
const INTERVAL = 250

/**
 * Sends this process SIGTERM once the process that runs it for npm is gone; nothing where no npm does. Under a
 * supervisor, `nohup`, `setsid` or in a container a process goes on without the one that started it.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const ancestors = ancestorsOf()
  const timer = setInterval(() => {
    if (sameAncestors(ancestors)) return
    clearInterval(timer)
    say('what started it has ended, and so does it')
    process.kill(process.pid, 'SIGTERM')
  }, INTERVAL)
  timer.unref()
}

/** The parent, and the one above where the parent is just the shell that npm runs the script in. */
function ancestorsOf() {
  const { ppid } = process
  return { ppid, above: isShellOfScript(ppid) ? parentOf(ppid) : undefined }
}

function sameAncestors({ ppid, above }) {
  return process.ppid === ppid && (above === undefined || parentOf(ppid) === above)
}

function isShellOfScript(pid) {
  const script = process.env.npm_lifecycle_script
  const words = read(`/proc/${pid}/cmdline`)?.split('\0') ?? []
  return script !== undefined && words.includes('-c') && words.some((word) => word.startsWith(script))
}

/** `undefined` where the system has no such files, and a shell runs a script's last command in its place. */
function parentOf(pid) {
  // The name, in parentheses, may hold anything.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')
  return fields === undefined ? undefined : Number(fields[1])
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
