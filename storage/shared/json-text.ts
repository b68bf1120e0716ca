/** JSON text of a `T`. The brand carries the type from where the text is made to where it is parsed. */
export type JsonText<T> = string & { readonly __json: T }

/** Brands text whose type follows from where it comes from: a column of a table, or text that is assembled. */
export function jsonText<T>(text: string): JsonText<T> {
  return text as JsonText<T>
}

export function toJson<T>(value: T): JsonText<T> {
  return jsonText(JSON.stringify(value))
}

export function parseJson<T>(text: JsonText<T>): T {
  return JSON.parse(text)
}

/** The JSON text of an array, from the texts of its items. */
export function arrayText<T>(items: readonly JsonText<T>[]): JsonText<T[]> {
  return jsonText(`[${items.join(',')}]`)
}
