/** What a check of `atrium doctor` found. */
export interface Finding {
  ok: boolean
  what: string
}
