// What tests need of the machine is fetched before they run: several would do so at once, and in their own time.
import { chromiumPath } from '../browser/chromium.ts'
import { findMongo } from './mongodb.ts'

chromiumPath()
const mongo = await findMongo()
if (!('missing' in mongo)) await mongo.stop()
