import { describe, expect, test } from '@jest/globals'
import { MongoNetworkError, MongoServerError } from 'mongodb'
import { StorageError } from '../../contract.ts'
import {
  IncompleteWrite,
  isContentError,
  isSingleDocumentError,
  isTemporary,
  toStorageError,
} from './failure.ts'
import { expectFor } from '../../../tests/support/expecting.ts'

const coded = (code: number) => new MongoServerError({ message: `code ${code}`, code })

describe('failures of MongoDB', () => {
  test('STO-113: a command that an election, a lock or a lost cursor ended is tried again, and a refused one is not', () => {
    // LockTimeout, QueryPlanKilled, NetworkInterfaceExceededTimeLimit, CursorKilled, and the codes of an election.
    for (const code of [24, 175, 202, 237, 91, 189, 10_107, 11_600, 11_602, 13_435, 13_436])
      expectFor(String(code), isTemporary(coded(code))).toBe(true)
    for (const failure of [new MongoNetworkError('gone'), new IncompleteWrite()])
      expect(isTemporary(failure)).toBe(true)
    // Unauthorized, BadValue, DuplicateKey, OutOfDiskSpace.
    for (const code of [13, 2, 11_000, 14_031]) expectFor(String(code), isTemporary(coded(code))).toBe(false)
  })

  test('STO-103: a refusal because of content differs from a missing right and a full disk', () => {
    for (const failure of [coded(2), coded(15), coded(171), coded(10_334), new RangeError('too deep')])
      expectFor(failure.message, isContentError(failure)).toBe(true)
    const others = [13, 18, 11_000, 12_501, 14_031, 189].map(coded)
    for (const failure of [...others, new StorageError('closed', 'closed'), new IncompleteWrite()])
      expectFor(failure.message, isContentError(failure)).toBe(false)
    // A document that is refused also as text is set aside only for a reason that concerns this document alone.
    for (const code of [121, 10_334, 11_000])
      expectFor(String(code), isSingleDocumentError(coded(code))).toBe(true)
    for (const code of [1, 2, 8, 13, 26, 189])
      expectFor(String(code), isSingleDocumentError(coded(code))).toBe(false)
    const codes = [13, 14_031, 10_334, 11_000, 189].map(
      (code) => (toStorageError(coded(code)) as StorageError).code,
    )
    expect(codes).toStrictEqual(['read-only', 'full', 'too-large', 'conflict', 'unavailable'])
  })
})
