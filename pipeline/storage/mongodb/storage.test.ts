import { withEachMongo } from '../../../tests/services/with-mongo.ts'
import { describeStorage } from '../contract-suite.ts'
import { describeSearchFeed } from '../suite/search-feed.ts'
import { temporarySubject } from './temporary-subject.ts'

await withEachMongo(({ url, name }) => {
  describeStorage(`mongodb (${name})`, () => Promise.resolve(temporarySubject(url)))
  describeSearchFeed(`mongodb (${name})`, () => Promise.resolve(temporarySubject(url)))
})
