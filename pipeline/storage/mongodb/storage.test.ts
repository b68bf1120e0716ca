import { withMongo } from '../../../tests/services/with-mongo.ts'
import { describeStorage } from '../contract-suite.ts'
import { temporarySubject } from './temporary-subject.ts'

await withMongo(({ url }) => {
  describeStorage('mongodb', () => Promise.resolve(temporarySubject(url)))
})
