import { withEachMongo } from '../../tests/services/with-mongo.ts'
import { describeStorage } from '../testing/contract-suite.ts'
import { fullSizes, smallSizes } from '../testing/fixture.ts'
import { describeSearchFeed } from '../testing/search-feed.ts'
import { temporarySubject } from '../testing/mongodb-test-storage.ts'

await withEachMongo(({ url, name, scans }) => {
  const make = () => Promise.resolve(temporarySubject(url))
  describeStorage(`MongoDB (${name})`, make, scans === true ? smallSizes : { ...fullSizes, random: 8000 })
  describeSearchFeed(`MongoDB (${name})`, make)
})
