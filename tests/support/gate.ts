/** Where others wait until a test lets them pass. */
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
