import { describe, expect, test } from '@jest/globals'
import { trustingAccounts } from '../../server/accounts/accounts-client.ts'
import { AdmissionRefused } from '../../server/workspaces/admission-rules.ts'
import { MemoryCore } from '../support/memory-core.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { createTask } from '../support/transactions.ts'

function memoryCore(...options: ConstructorParameters<typeof MemoryCore>): MemoryCore {
  const memory = new MemoryCore(...options)
  onTestEnd(() => memory.stop())
  return memory
}

function tokenOf(memory: MemoryCore, claims: Parameters<MemoryCore['tokens']['sign']>[0]) {
  return memory.core.admission.verify(memory.tokens.sign(claims))
}

describe('admission without a socket', () => {
  test('SRV-54: work runs inside the workspace of the token, as the token’s caller', async () => {
    const memory = memoryCore()
    const token = tokenOf(memory, { email: 'ann', workspace: 'w' })
    const found = await memory.core.admission.visit(token, async ({ pipeline, caller, host }) => {
      expect(host.state).toBe('open')
      await pipeline.tx(caller, createTask('t1', { title: 'x' }, { by: caller.account }))
      return { account: caller.account, seq: pipeline.lastSeq() }
    })
    expect(found.account).toBe('account:ann')
    expect(found.seq).toBeGreaterThan(0)
    await memory.settle()
    expect(memory.core.inspect()).toMatchObject({ sessions: 0, workspaces: 0 })
  })

  test('SRV-54: the workspace stays open while the work runs, and an error of the work is its result', async () => {
    const memory = memoryCore()
    const token = tokenOf(memory, { email: 'ann', workspace: 'w' })
    let runs = 0
    const visit = memory.core.admission.visit(token, async () => {
      runs += 1
      await memory.settle()
      expect(memory.core.inspect().workspaces).toBe(1)
      throw new Error('the work failed')
    })
    await expect(visit).rejects.toThrow('the work failed')
    expect(runs).toBe(1)
  })

  test('SRV-54: the rules of sessions apply to the admission', async () => {
    const disabled = memoryCore(
      {},
      {
        accounts: {
          ...trustingAccounts,
          getWorkspaceInfo: async () => ({ workspaceId: 'w', disabled: true }),
        },
      },
    )
    const token = tokenOf(disabled, { email: 'ann', workspace: 'w' })
    const refused = disabled.core.admission.visit(token, async () => undefined)
    await expect(refused).rejects.toBeInstanceOf(AdmissionRefused)
    await expect(refused).rejects.toMatchObject({
      refusal: { response: { error: { code: 'platform:status:WorkspaceDisabled' } } },
    })
  })

  test('SRV-54: the rules do not apply to work of the server itself', async () => {
    const accounts = {
      ...trustingAccounts,
      getWorkspaceInfo: async () => ({ workspaceId: 'w', disabled: true }),
    }
    const memory = memoryCore({}, { accounts })
    const token = tokenOf(memory, { email: 'ann', workspace: 'w' })
    expect(await memory.core.admission.visit(token, async () => 'done', { isServer: true })).toBe('done')
  })

  test('SRV-54: a stopping server admits nobody', async () => {
    const memory = memoryCore()
    const token = tokenOf(memory, { email: 'ann', workspace: 'w' })
    memory.core.admission.close()
    await expect(memory.core.admission.visit(token, async () => undefined)).rejects.toBeInstanceOf(
      AdmissionRefused,
    )
  })

  test('SRV-54: a bad token, and a token for no workspace, is refused', () => {
    const { core, tokens } = memoryCore()
    const unauthorized = expect.objectContaining({
      status: expect.objectContaining({ code: 'platform:status:Unauthorized' }),
    })
    for (const raw of [
      '',
      'x',
      tokens.sign({ email: 'ann' }),
      tokens.sign({ email: 'ann', workspace: 'atrium:accounts' }),
    ])
      expect(() => core.admission.verify(raw)).toThrow(unauthorized)
  })
})
