// `hold-until-killed.js PATH` opens a store and keeps it open, or ends with 1 if another process has it.
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
