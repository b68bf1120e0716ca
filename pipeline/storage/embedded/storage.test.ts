import { describeStorage } from '../contract-suite.ts'
import { describeSearchFeed } from '../suite/search-feed.ts'
import { temporarySubject } from './temporary-subject.ts'

describeStorage('embedded', () => temporarySubject())
describeSearchFeed('embedded', () => temporarySubject())
