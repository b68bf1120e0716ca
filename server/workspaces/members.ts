import type { Account, Ref } from '../../model/documents.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { CloseReason } from '../../protocol/close-codes.ts'
import type { WorkspaceMember } from './workspace-member.ts'

/** The sessions in a workspace. */
export class Members implements Iterable<WorkspaceMember> {
  /** With the account that is online by the session: that of a person. */
  readonly #members = new Map<WorkspaceMember, Ref<Account> | undefined>()
  readonly #byPerson = new Map<string, number>()
  #users = 0

  get size(): number {
    return this.#members.size
  }

  /** Sessions that keep the workspace open: all but those of backup tools. */
  get users(): number {
    return this.#users
  }

  get haveBackupTool(): boolean {
    for (const { token } of this.#members.keys()) if (token.isBackup) return true
    return false
  }

  [Symbol.iterator](): Iterator<WorkspaceMember> {
    return this.#members.keys()
  }

  /** Sessions of a person. @param person folded email */
  ofPerson(person: string): number {
    return this.#byPerson.get(person) ?? 0
  }

  /** @returns the account that is online by the session, if it is a person's */
  add(member: WorkspaceMember, { account, system }: Caller): Ref<Account> | undefined {
    const isPerson = member.token.mode === 'user' && !system && account !== ''
    const online = isPerson ? account : undefined
    this.#members.set(member, online)
    this.#count(member, 1)
    return online
  }

  /** @returns `undefined` when the session is none of these; else the account that was online by it */
  remove(member: WorkspaceMember): { online: Ref<Account> | undefined } | undefined {
    if (!this.#members.has(member)) return undefined
    const online = this.#members.get(member)
    this.#members.delete(member)
    this.#count(member, -1)
    return { online }
  }

  closeAll(reason: CloseReason, except?: WorkspaceMember): void {
    for (const member of this.#members.keys()) if (member !== except) member.close(reason)
  }

  #count({ token: { person, mode } }: WorkspaceMember, by: 1 | -1): void {
    if (mode !== 'backup') this.#users += by
    const count = this.ofPerson(person) + by
    if (count === 0) this.#byPerson.delete(person)
    else this.#byPerson.set(person, count)
  }
}
