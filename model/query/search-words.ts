/** The words of a text, in lower case: runs of letters and digits of any script. */
export function searchWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
}
