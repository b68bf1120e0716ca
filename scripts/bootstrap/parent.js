// Ends the process when npm ends. npm passes SIGTERM only to the shell in which it runs scripts, and SIGKILL to nobody.
// Plain JavaScript that needs only Node.
import { readFileSync } from 'node:fs'
import { say } from './prepare.js'

/** Milliseconds between two checks. */
const INTERVAL = 250

/**
 * Sends this process SIGTERM once the npm process that runs it has ended. Without npm it does nothing: under a
 * supervisor, `nohup`, `setsid` or in a container a process continues without its parent.
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

/** The parent, or its parent when the parent is only the shell in which npm runs the script. */
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

/** `undefined` where the system has no such files; there a shell is replaced by a script's last command. */
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
