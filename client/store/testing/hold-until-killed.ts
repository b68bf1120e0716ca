// Holds a store: `hold-until-killed.js PATH` says so, or ends with 1 where somebody else does.
import { fileStore } from '../file-store.ts'

const [path = ''] = process.argv.slice(2)
const isHeld = await fileStore(path)
  .get('')
  .then(
    () => true,
    () => false,
  )
process.stdout.write(isHeld ? 'holds\n' : 'another holds\n')
if (!isHeld) process.exit(1)
setInterval(() => undefined, 1000)
