// The server under test, in its own process, which reports its resource usage.
import { resolveConfiguration } from '../server/configuration/configuration.ts'
import { startServer } from '../server/main.ts'
import { answer } from './support/child.ts'
import { memoryInUse, processorTime, watchProcess } from './support/usage.ts'

const server = await startServer(resolveConfiguration(process.env))

const watched = watchProcess()

const answers = {
  url: () => server.url,
  processorTime,
  memoryInUse,
  rss: () => process.memoryUsage.rss(),
  /** Since the last call. */
  watched,
  inspect: () => ({ ...server.inspect(), handles: process.getActiveResourcesInfo().length }),
}
export type AtriumAnswers = typeof answers

answer(answers)
