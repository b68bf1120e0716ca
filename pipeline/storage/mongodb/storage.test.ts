import { withMongo } from '../../../tests/services/with-mongo.ts'
import { describeStorage } from '../contract-suite.ts'
import { describeSearchFeed } from '../suite/search-feed.ts'
import { temporarySubject } from './temporary-subject.ts'

await withMongo(({ url }) => {
  describeStorage('mongodb', () => Promise.resolve(temporarySubject(url)))
  describeSearchFeed('mongodb', () => Promise.resolve(temporarySubject(url)))
})
