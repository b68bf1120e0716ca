import { StatusError } from '../../../model/status.ts'

/** Characters a new password has at least, without white space at its ends. */
const MIN_PASSWORD = 10

const nothingToSee = /^[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]*$/u

/** What passwords may be chosen. Those that were chosen before still log in. */
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
    // Not in its folded form: a single ligature may fold to many characters.
    if (Array.from(password.normalize('NFC').trim()).length < MIN_PASSWORD)
      return `has fewer than ${MIN_PASSWORD} characters`
    const folded = password.normalize('NFKC').toLowerCase().trim()
    if (new Set(folded).size === 1) return 'is one character repeated'
    // Unpacking the list takes longer than looking into it, and most servers are never asked.
    this.#commonest ??= readCommonest()
    return (await this.#commonest).has(folded) ? 'is one of the commonest' : undefined
  }
}

/** Of all that the list has, not just its first 10,000: few of those are long enough to be chosen. */
async function readCommonest(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return new Set(dictionary['passwords-common'].filter((password) => password.length >= MIN_PASSWORD))
}
