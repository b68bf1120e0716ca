/** Listens for the signal in place of whoever did until now. It is listened for all the time: else it might end the process. */
export function listenAlone(signal: NodeJS.Signals, listener: () => void): void {
  const before = process.listeners(signal)
  process.on(signal, listener)
  for (const each of before) process.removeListener(signal, each)
}
