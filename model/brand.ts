import type { Doc, Ref } from './documents.ts'

/** Makes a string the identifier of a document: the one place that asserts the brand of {@link Ref}. */
export function brand<T extends Doc = Doc>(id: string): Ref<T> {
  return id as Ref<T>
}
