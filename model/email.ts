/**
 * The form of an email in which emails are compared and make ids: compatibility characters as their plain ones
 * (NFKC), lower case. Folding what is folded changes nothing. What people see is what was typed.
 *
 * @example
 * foldEmail('Ann@Example.COM') // 'ann@example.com'
 */
export function foldEmail(email: string): string {
  // Lower case may take a character out of its normal form.
  return email.normalize('NFKC').toLowerCase().normalize('NFKC')
}
