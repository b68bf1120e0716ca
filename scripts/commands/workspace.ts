import { Command } from 'commander'
import { StatusError } from '../../model/status.ts'
import { callAccounts } from '../../server/accounts/accounts-rpc.ts'
import { SYSTEM_EMAIL } from '../../server/auth/tokens.ts'
import { explainNetwork } from './explain-connection.ts'
import { configurationOf } from './configured.ts'
import { serverUrl } from './server-url.ts'
import { signToken } from './token.ts'

/** `atrium workspace create|list`: calls the accounts service. */
export function workspaceCommand(): Command {
  const url = ['--url <url>', 'the server; by default the one the configuration describes'] as const
  const create = new Command('create')
    .description('Create a workspace and print its id.')
    .argument('<name>')
    .option('--owner <email>', 'email of its owner')
    .option(...url)
    .action(async (name: string, options: { owner?: string; url?: string }) => {
      const { workspaceId } = (await call(options.url, 'createWorkspace', [name])) as { workspaceId: string }
      if (options.owner !== undefined) await assign(options.url, options.owner, workspaceId)
      process.stdout.write(`${workspaceId}\n`)
    })
  const list = new Command('list')
    .description('Print the workspaces, one JSON line each.')
    .option(...url)
    .action(async (options: { url?: string }) => {
      const found = (await call(options.url, 'listWorkspaces', [])) as object[]
      for (const workspace of found) process.stdout.write(`${JSON.stringify(workspace)}\n`)
    })
  return new Command('workspace')
    .description('Create and list workspaces.')
    .addCommand(create)
    .addCommand(list)
}

async function assign(url: string | undefined, owner: string, workspace: string): Promise<void> {
  await call(url, 'createAccount', [owner]).catch((error: unknown) => {
    if (!String(error).includes('AccountExists')) throw error
  })
  await call(url, 'assignWorkspace', [owner, workspace, 'OWNER'])
}

async function call(url: string | undefined, method: string, params: unknown[]): Promise<unknown> {
  const { accounts } = configurationOf({})
  if (accounts === 'none')
    throw new Error('without an accounts service a workspace is created by the first session that enters it')
  const token = await signToken({ email: SYSTEM_EMAIL, admin: 'true' }, 60)
  const service = accounts === 'builtin' ? `${serverUrl(url)}/accounts` : accounts
  return await callAccounts({ url: service, token, method, params }).catch((cause: unknown) => {
    if (cause instanceof StatusError) throw cause
    const failure = cause instanceof Error ? cause : new Error(String(cause))
    throw new Error(explainNetwork(failure, service, 'accounts service'), { cause })
  })
}
