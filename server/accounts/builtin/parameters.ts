import { z } from 'zod'
import { foldEmail } from '../../../model/email.ts'

/** Characters of an email, also of its folded form, which may be longer. */
const MAX_EMAIL = 256

const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u

/** Of somebody who may have an account. */
export const email = z.string().trim().min(1).max(MAX_EMAIL)

/** Of somebody who is to have one: nobody is to look like somebody else for what nobody can see. */
export const newEmail = email
  .refine((address) => foldEmail(address).length <= MAX_EMAIL, 'an email that is shorter')
  .refine((address) => !invisible.test(address), 'an email without invisible characters')
