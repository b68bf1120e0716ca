/** A line between the results of the tests, for details of a run: a seed, a count. */
export function note(line: string): void {
  process.stdout.write(`  note: ${line}\n`)
}
