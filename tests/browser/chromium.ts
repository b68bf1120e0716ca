import { type Browser, chromium } from 'playwright-core'
import { isOnPath, outputOf } from '../services/child-process.ts'
import { areRequired, type MissingService } from '../services/service.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome']
const installTimeout = 300_000

/** Chromium: that of `CHROMIUM_PATH`, of the path, or of the distribution's packages. */
export async function findChromium(): Promise<Browser | MissingService> {
  const { CHROMIUM_PATH } = process.env
  const path = CHROMIUM_PATH ?? onPath() ?? installed()
  if (path === undefined) return { missing: 'no Chromium: not on the path, and not to be installed' }
  try {
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const browser = await chromium.launch({ executablePath: path, args })
    process.stdout.write(`# Chromium: ${path} ${browser.version()}\n`)
    return browser
  } catch (error) {
    return { missing: `Chromium did not start: ${String(error)}` }
  }
}

function onPath(): string | undefined {
  const name = names.find(isOnPath)
  return name === undefined ? undefined : outputOf('which', [name], 5000)
}

/** Where tests demand it, and may. */
function installed(): string | undefined {
  if (!areRequired || process.getuid?.() !== 0 || !isOnPath('apt-get')) return undefined
  const options = ['install', '--yes', '--no-install-recommends', 'chromium']
  return outputOf('apt-get', options, installTimeout) === undefined ? undefined : onPath()
}
