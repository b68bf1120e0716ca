// What tests need of the machine is fetched before they run: several would do so at once, and in their own time.
import { chromiumPath } from '../browser/chromium.ts'
import { findEachMongo, findMongo } from './mongodb.ts'

chromiumPath()
for (const mongo of [await findMongo(), ...(await findEachMongo())])
  if (!('missing' in mongo)) await mongo.stop()
