/** Replaces all listeners of the signal. There is always one: without any, the signal could end the process. */
export function listenAlone(signal: NodeJS.Signals, listener: () => void): void {
  const before = process.listeners(signal)
  process.on(signal, listener)
  for (const each of before) process.removeListener(signal, each)
}
