import { withEachMongo } from '../../../tests/services/with-mongo.ts'
import { describeStorage } from '../contract-suite.ts'
import { fullSizes, smallSizes } from '../suite/fixture.ts'
import { describeSearchFeed } from '../suite/search-feed.ts'
import { temporarySubject } from './temporary-subject.ts'

await withEachMongo(({ url, name, scans }) => {
  const make = () => Promise.resolve(temporarySubject(url))
  describeStorage(`mongodb (${name})`, make, scans === true ? smallSizes : { ...fullSizes, random: 8000 })
  describeSearchFeed(`mongodb (${name})`, make)
})
