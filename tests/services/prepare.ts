// Downloads of the tests are made before the tests run. Otherwise several tests would make them concurrently, within
// their own time limits.
import { chromiumPath } from '../browser/chromium.ts'
import { findEachMongo, findMongo } from './mongodb.ts'

chromiumPath()
for (const mongo of [await findMongo(), ...(await findEachMongo())])
  if (!('missing' in mongo)) await mongo.stop()
