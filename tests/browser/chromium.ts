import { type Browser, chromium } from 'playwright-core'
import { isOnPath, outputOf } from '../services/child-process.ts'
import { areRequired, type MissingService } from '../services/service.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome']
const installTimeout = 300_000

/** Chromium: that of `CHROMIUM_PATH`, of the path, or of the distribution’s packages. */
export async function findChromium(): Promise<Browser | MissingService> {
  const path = chromiumPath()
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

/** The path of Chromium, which is installed where that is possible. */
export function chromiumPath(): string | undefined {
  return process.env['CHROMIUM_PATH'] ?? onPath() ?? installed()
}

function onPath(): string | undefined {
  const name = names.find(isOnPath)
  return name === undefined ? undefined : outputOf('which', [name], 5000)
}

/** Installs it where tests require it, and are permitted to. */
function installed(): string | undefined {
  if (!areRequired || process.getuid?.() !== 0 || !isOnPath('apt-get')) return undefined
  process.stdout.write('# Chromium: installing it from the distribution\n')
  const install = ['install', '--yes', '--no-install-recommends', 'chromium']
  // A new machine has no package lists.
  for (const args of [['update'], install]) {
    if (outputOf('apt-get', ['-q', ...args], installTimeout) === undefined) return undefined
  }
  return onPath()
}
