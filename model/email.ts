/** An email as emails are compared: compatibility characters and case make no difference. */
export function foldEmail(email: string): string {
  // Lower case may take a character apart again, such as a dotted capital I.
  return email.normalize('NFKC').toLowerCase().normalize('NFKC')
}
