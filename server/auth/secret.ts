import { codeOf } from '../../model/error-details.ts'
import { randomBytes } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makePrivateFolder, PRIVATE_FILE } from '../../storage/shared/private-files.ts'
import { ConfigurationError } from '../configuration/configuration-error.ts'
import { isSecret, MAKE_SECRET, MIN_SECRET } from '../configuration/options/secret-strength.ts'

const FILE = 'secret'

/** The secret that signs tokens: the configured one, or one that the first start creates in the data folder. */
export async function loadSecret(data: string, configured: string | undefined): Promise<string> {
  if (configured !== undefined) return configured
  await makePrivateFolder(data)
  const made = randomBytes(32).toString('base64url')
  const file = join(data, FILE)
  try {
    // `wx`: of two concurrent first starts one creates it, and both read the same one.
    await writeFile(file, `${made}\n`, { mode: PRIVATE_FILE, flag: 'wx' })
    await chmod(file, PRIVATE_FILE)
    return made
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    return await readSecret(data)
  }
}

/** @throws ConfigurationError when it is too short; Error when there is none */
export async function readSecret(data: string): Promise<string> {
  const file = join(data, FILE)
  const secret = (await readFile(file, 'utf8')).trim()
  if (secret === '') throw new Error(`${file} is empty; remove it, and the next start creates a new secret`)
  if (isSecret(secret)) return secret
  throw new ConfigurationError(
    `${file} holds fewer than ${MIN_SECRET} bytes; remove it, and the next start creates a new secret, or write what \`${MAKE_SECRET}\` prints into it`,
  )
}
