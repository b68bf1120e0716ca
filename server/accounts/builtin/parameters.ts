import { z } from 'zod'
import { foldEmail } from '../../../model/email.ts'

/** Maximum characters of an email, and of its folded form, which may be longer. */
const MAX_EMAIL = 256

const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u

/** The email of an existing account. */
export const email = z.string().trim().min(1).max(MAX_EMAIL)

/** The email of a new account: without invisible characters, which would let it look like another one. */
export const newEmail = email
  .refine((address) => foldEmail(address).length <= MAX_EMAIL, 'an email that is shorter')
  .refine((address) => !invisible.test(address), 'an email without invisible characters')
