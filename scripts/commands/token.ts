import { Command, Option as Flag } from 'commander'
import { StatusError } from '../../model/status.ts'
import { callAccounts } from '../../server/accounts/accounts-rpc.ts'
import { systemClock } from '../../model/clock.ts'
import { ConfigurationError } from '../../server/configuration/configuration-error.ts'
import { readSecret } from '../../server/auth/secret.ts'
import { type TokenClaims, Tokens } from '../../server/auth/tokens.ts'
import { wholeNumber } from './arguments.ts'
import { configurationOf } from './configured.ts'
import { serverUrl } from './server-url.ts'

/** Lifetime of a token of the command line, in seconds. */
const TOKEN_TTL = 86_400

/** Milliseconds that the accounts service has to say whether there is the workspace. */
const CHECK_TIMEOUT = 2000

/** Signs with the server's secret: the environment's, or the one in the data folder. */
export async function signToken(claims: TokenClaims, ttl = TOKEN_TTL): Promise<string> {
  const { secret, data } = configurationOf({})
  return new Tokens(secret ?? (await secretIn(data)), systemClock.now).sign(claims, ttl)
}

async function secretIn(data: string): Promise<string> {
  try {
    return await readSecret(data)
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause
    throw new Error(
      `there is no secret in ${data}: start the server once, or set ATRIUM_DATA or ATRIUM_SECRET`,
      { cause },
    )
  }
}

/** `atrium token <workspace> --as <name>`: prints only the token. */
export function tokenCommand(): Command {
  return new Command('token')
    .description('Print a token for a workspace.')
    .argument('<workspace>')
    .requiredOption('--as <name>', 'email of the account')
    .option('--admin', 'for an administrator of the server')
    .addOption(new Flag('--mode <mode>', 'for a tool').choices(['backup', 'upgrade']))
    .option(
      '--url <url>',
      'the server that is asked whether there is the workspace; by default as configured',
    )
    .option('--ttl <seconds>', 'seconds until it expires', wholeNumber, TOKEN_TTL)
    .action(async (workspace: string, options: TokenFlags) => {
      const admin = options.admin === true ? { admin: 'true' as const } : {}
      const token = await signToken(
        { email: options.as, workspace, ...admin, ...modeOf(options.mode) },
        options.ttl,
      )
      await checkWorkspace(workspace, token, options.url)
      process.stdout.write(`${token}\n`)
    })
}

/**
 * Asks the accounts service, if it responds.
 * @throws Error when it says that there is no such workspace
 */
async function checkWorkspace(workspace: string, token: string, url: string | undefined): Promise<void> {
  const { accounts } = configurationOf({})
  if (workspace === '' || accounts === 'none') return
  const service = accounts === 'builtin' ? `${serverUrl(url)}/accounts` : accounts
  const call = { url: service, token, method: 'getWorkspaceInfo', params: [] }
  await callAccounts(call, CHECK_TIMEOUT).catch((error: unknown) => {
    // The token is made without a server, or for a server elsewhere.
    if (!(error instanceof StatusError) || error.status.code !== 'platform:status:WorkspaceNotFound') return
    const create = `atrium workspace create ${workspace}`
    throw new Error(`there is no workspace ${workspace}: \`${create}\` makes one`, { cause: error })
  })
}

interface TokenFlags {
  url?: string
  as: string
  admin?: true
  mode?: 'backup' | 'upgrade'
  ttl: number
}

function modeOf(mode: TokenFlags['mode']): Pick<TokenClaims, 'mode' | 'model'> {
  if (mode === undefined) return {}
  return mode === 'backup' ? { mode } : { model: mode }
}
