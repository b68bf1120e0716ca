import { collectDefaultMetrics, Registry } from 'prom-client'

let registry: Registry | undefined

/** Memory, garbage collection and the like: collected once, as the observer of collections lives as long as the process. */
export function processMetrics(): Registry {
  if (registry === undefined) collectDefaultMetrics({ register: (registry = new Registry()) })
  return registry
}
