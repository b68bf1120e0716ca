import { ConfigurationError } from '../configuration/configuration-error.ts'

/** An error of the option that names the modules. */
export function wrongModule(module: string, message: string): ConfigurationError {
  return new ConfigurationError(`ATRIUM_MODULES: ${module} ${message}`)
}
