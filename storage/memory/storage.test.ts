import { describeStorage } from '../testing/contract-suite.ts'
import { createMemoryStorage } from './storage.ts'

describeStorage('memory', () => {
  const storage = createMemoryStorage()
  return Promise.resolve({ storage, dispose: () => storage.close() })
})
