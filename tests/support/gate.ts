/** A point at which callers wait until a test opens it. */
export function gate() {
  let [reach, open] = [() => {}, () => {}]
  const reached = new Promise<void>((resolve) => (reach = resolve))
  const opened = new Promise<void>((resolve) => (open = resolve))
  const pass = async () => {
    reach()
    await opened
  }
  return { reached, open, pass }
}
