/** The document language: classes, transactions, queries. Runs in browsers and in Node. */
export type * from './documents.ts'
export type * from './transactions.ts'
export type * from './class-ref.ts'
export type * from './query/plan.ts'
export type * from './query/query.ts'
export type { AttributeDeclaration, AttributeOptions } from './attribute-types.ts'
export type { Status, StatusCode, Severity } from './status.ts'

export { AccountRole, ClassKind } from './documents.ts'
export { WorkspaceEvent } from './transactions.ts'
export { core, domains } from './identifiers.ts'
export { StatusError } from './status.ts'
export { Permanent, RetryAfter } from './retry-errors.ts'

export {
  any,
  arrayOf,
  boolean,
  collection,
  date,
  enumOf,
  markup,
  number,
  rank,
  refTo,
  string,
  timestamp,
} from './attribute-types.ts'
export { ModelBuilder, createModelBuilder } from './builder.ts'
export { baseModel } from './base-model.ts'
export { Hierarchy } from './hierarchy.ts'

export { applyTransaction, targetOf, type Target } from './apply-transaction.ts'
export { validateCreate, validateUpdate, withDefaults } from './validate-document.ts'
export { validateMixin } from './mixin-values.ts'
export { DocumentStore } from './document-store.ts'
export { EMPTY_MODEL_HASH, canonicalJson, contentHash, nextModelHash } from './hash-chain.ts'
export { createIdGenerator, generateId, type IdGeneratorOptions } from './generate-id.ts'

export { compareStrings, compareValues } from './query/compare.ts'
export type { DocumentSource } from './query/document-source.ts'
export { evaluatePlan, findResult } from './query/evaluate.ts'
export { compileLike, likeToRegExp } from './query/like.ts'
export { planFind } from './query/plan-find.ts'
export { compileCondition, type Join, type Joins, type Predicate } from './query/predicate.ts'
export { compileProjection } from './query/projection.ts'
export { Search, type SearchPhrase } from './query/search.ts'
export { type SearchPrefix, searchPrefixes } from './query/search-terms.ts'
export { compileSort, type Comparator } from './query/sort.ts'
