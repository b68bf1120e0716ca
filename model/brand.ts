import type { Doc, Ref } from './documents.ts'

/** Brands a string as the identifier of a document. No other code asserts the brand of {@link Ref}. */
export function brand<T extends Doc = Doc>(id: string): Ref<T> {
  return id as Ref<T>
}
