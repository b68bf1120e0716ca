import type { Configuration } from './configuration/configuration.ts'
import { AtriumServer } from './atrium-server.ts'
import { closeDataFolder } from './startup/data-folder.ts'
import { createLogger } from './observability/logger.ts'
import { loadModules } from './modules/load-modules.ts'
import type { RunningServer, ServerOverrides } from './running-server.ts'
import { loadSecret } from './auth/secret.ts'
import { readCertificate } from './transport/certificate.ts'
import { createStorage } from './startup/open-storage.ts'

/** The composition root: creates every part with its dependencies, and starts to listen. */
export async function startServer(
  configuration: Configuration,
  overrides: ServerOverrides = {},
): Promise<RunningServer> {
  // Before anything is opened.
  readCertificate(configuration)
  const { logger, setLevel } = loggerOf(configuration, overrides)
  overrides.takeStrayErrors?.(logger)
  const modules = await loadModules(configuration.modules)
  const unlock = await overrides.lockData?.(configuration.data)
  try {
    closeDataFolder(configuration.data, logger)
    const secret = await loadSecret(configuration.data, configuration.secret)
    const storage = await createStorage(configuration, logger, overrides.signal)
    const parts = { modules, secret, logger, setLevel, storage, unlock }
    const server = new AtriumServer(configuration, overrides, parts)
    await startOrStop(server)
    return server
  } catch (error) {
    await unlock?.()
    throw error
  }
}

async function startOrStop(server: AtriumServer): Promise<void> {
  try {
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
}

function loggerOf({ logLevel }: Configuration, overrides: ServerOverrides) {
  if (overrides.logger !== undefined) return { logger: overrides.logger, setLevel: () => undefined }
  return createLogger(logLevel)
}
