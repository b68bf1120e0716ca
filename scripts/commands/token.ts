import { Command, Option as Flag } from 'commander'
import { systemClock } from '../../model/clock.ts'
import { ConfigurationError } from '../../server/configuration/configuration-error.ts'
import { readSecret } from '../../server/secret.ts'
import { type TokenClaims, Tokens } from '../../server/tokens.ts'
import { wholeNumber } from './arguments.ts'
import { configurationOf } from './configured.ts'

/** Seconds a token that the command line makes lives. */
const TOKEN_TTL = 86_400

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

/** `atrium token <workspace> --as <name>`: prints just the token. */
export function tokenCommand(): Command {
  return new Command('token')
    .description('Print a token for a workspace.')
    .argument('<workspace>')
    .requiredOption('--as <name>', 'whose token (an email)')
    .option('--admin', 'an administrator of the server')
    .addOption(new Flag('--mode <mode>', 'for tools').choices(['backup', 'upgrade']))
    .option('--ttl <seconds>', 'seconds until it expires', wholeNumber, TOKEN_TTL)
    .action(async (workspace: string, options: TokenFlags) => {
      const admin = options.admin === true ? { admin: 'true' as const } : {}
      const token = await signToken(
        { email: options.as, workspace, ...admin, ...modeOf(options.mode) },
        options.ttl,
      )
      process.stdout.write(`${token}\n`)
    })
}

interface TokenFlags {
  as: string
  admin?: true
  mode?: 'backup' | 'upgrade'
  ttl: number
}

function modeOf(mode: TokenFlags['mode']): Pick<TokenClaims, 'mode' | 'model'> {
  if (mode === undefined) return {}
  return mode === 'backup' ? { mode } : { model: mode }
}
