import { describeStorage } from '../testing/contract-suite.ts'
import { describeSearchFeed } from '../testing/search-feed.ts'
import { temporarySubject } from '../testing/sqlite-test-storage.ts'

describeStorage('SQLite', () => temporarySubject())
describeSearchFeed('SQLite', () => temporarySubject())
