/** A line between the results of the tests, for what a run tells: a seed, a count. */
export function note(line: string): void {
  process.stdout.write(`  note: ${line}\n`)
}
