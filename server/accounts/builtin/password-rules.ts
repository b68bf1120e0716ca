import { StatusError } from '../../../model/status.ts'

/** Minimum characters of a new password, without white space at its ends. */
const MIN_PASSWORD = 10

const nothingToSee = /^[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]*$/u

/** The rules for new passwords. Existing passwords still log in. */
export class PasswordRules {
  #commonest: Promise<ReadonlySet<string>> | undefined

  /** @throws StatusError `platform:status:BadRequest` that says which rule the password breaks */
  async check(password: string): Promise<void> {
    const rule = await this.#brokenRule(password)
    if (rule !== undefined)
      throw new StatusError('platform:status:BadRequest', { message: `the password ${rule}` })
  }

  async #brokenRule(password: string): Promise<string | undefined> {
    if (nothingToSee.test(password)) return 'is blank'
    // Not of the folded form: one ligature may fold to many characters.
    if (Array.from(password.normalize('NFC').trim()).length < MIN_PASSWORD)
      return `has fewer than ${MIN_PASSWORD} characters`
    const folded = password.normalize('NFKC').toLowerCase().trim()
    if (new Set(folded).size === 1) return 'is one character repeated'
    // Unpacked on first use: it takes longer than a lookup, and most servers never need it.
    this.#commonest ??= readCommonest()
    return (await this.#commonest).has(folded) ? 'is one of the commonest' : undefined
  }
}

/** The whole list, not only its first 10,000: few of those are long enough for a new password. */
async function readCommonest(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return new Set(dictionary['passwords-common'].filter((password) => password.length >= MIN_PASSWORD))
}
