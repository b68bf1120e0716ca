import { hasTerm, type SearchPrefix, type SearchTerm, searchTerms } from './search-terms.ts'
import { wordsIn, type Word } from './search-words.ts'

/** Steps to find the words around a character, which is normalized. */
const STEPS_OF_CHARACTER = 8
/** At least, with the character between two words. */
const CHARACTERS_OF_WORD = 2

/** The text and the options of a search. */
export interface SearchPhrase {
  text: string
  /** `all` by default. */
  prefix?: SearchPrefix | undefined
  /** Classes for whose documents accents are significant. */
  accented?: readonly string[] | undefined
}

/** A search compiled for many documents. */
export class Search {
  readonly #accented: ReadonlySet<string>
  readonly #plain: readonly SearchTerm[]
  readonly #withAccents: readonly SearchTerm[]

  constructor({ text, prefix = 'all', accented = [] }: SearchPhrase) {
    this.#accented = new Set(accented)
    this.#plain = searchTerms(text, { prefix, accents: false })
    this.#withAccents = accented.length > 0 ? searchTerms(text, { prefix, accents: true }) : this.#plain
  }

  /** The search has no words and finds nothing. */
  get isEmpty(): boolean {
    return this.#plain.length === 0
  }

  /** The terms to find in documents of the class. */
  termsFor(_class: string): readonly SearchTerm[] {
    return this.#accented.has(_class) ? this.#withAccents : this.#plain
  }

  /** The words of a text, normalized as the terms for the class. */
  wordsIn(text: string, _class: string): Word[] {
    return wordsIn(text, { accents: this.#accented.has(_class) })
  }

  /** Steps to look for the terms in a text of this length: its words are cut out, and compared with each term. */
  stepsFor(length: number): number {
    return length * (STEPS_OF_CHARACTER + this.#withAccents.length / CHARACTERS_OF_WORD)
  }

  /** Whether the search finds a document of the class with these texts. */
  finds(_class: string, texts: readonly string[]): boolean {
    if (this.isEmpty) return false
    const words = texts.map((text) => this.wordsIn(text, _class).map((word) => word.text))
    return this.termsFor(_class).every((term) => words.some((inText) => hasTerm(inText, term)))
  }
}
