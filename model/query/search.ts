import { hasTerm, type SearchPrefix, type SearchTerm, searchTerms } from './search-terms.ts'
import { wordsIn, type Word } from './search-words.ts'

/** What is looked for, and how. */
export interface SearchPhrase {
  text: string
  /** `all` where nothing is said. */
  prefix?: SearchPrefix | undefined
  /** Classes in whose documents accents count. */
  accented?: readonly string[] | undefined
}

/** A search compiled once, to test many documents. */
export class Search {
  readonly #accented: ReadonlySet<string>
  readonly #plain: readonly SearchTerm[]
  readonly #withAccents: readonly SearchTerm[]

  constructor({ text, prefix = 'all', accented = [] }: SearchPhrase) {
    this.#accented = new Set(accented)
    this.#plain = searchTerms(text, { prefix, accents: false })
    this.#withAccents = accented.length > 0 ? searchTerms(text, { prefix, accents: true }) : this.#plain
  }

  /** There are no words in it: it finds nothing. */
  get isEmpty(): boolean {
    return this.#plain.length === 0
  }

  /** What has to be found in a document of the class. */
  termsFor(_class: string): readonly SearchTerm[] {
    return this.#accented.has(_class) ? this.#withAccents : this.#plain
  }

  /** The words of a text of a document of the class, in one form with the search's. */
  wordsIn(text: string, _class: string): Word[] {
    return wordsIn(text, { accents: this.#accented.has(_class) })
  }

  /** Whether a document of the class with these texts is found. */
  finds(_class: string, texts: readonly string[]): boolean {
    if (this.isEmpty) return false
    const words = texts.map((text) => this.wordsIn(text, _class).map((word) => word.text))
    return this.termsFor(_class).every((term) => words.some((inText) => hasTerm(inText, term)))
  }
}
