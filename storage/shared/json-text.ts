/** JSON text of a `T`. The brand carries the type from the creation of the text to its parsing. */
export type JsonText<T> = string & { readonly __json: T }

/** Brands text whose type follows from its origin: a column of a table, or concatenated text. */
export function jsonText<T>(text: string): JsonText<T> {
  return text as JsonText<T>
}

export function toJson<T>(value: T): JsonText<T> {
  return jsonText(JSON.stringify(value))
}

export function parseJson<T>(text: JsonText<T>): T {
  return JSON.parse(text)
}

/** Concatenates the JSON texts of items to that of an array. */
export function arrayText<T>(items: readonly JsonText<T>[]): JsonText<T[]> {
  return jsonText(`[${items.join(',')}]`)
}
