/** The result of one check of `atrium doctor`. */
export interface Finding {
  ok: boolean
  what: string
}
