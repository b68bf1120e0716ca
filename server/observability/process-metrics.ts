import { collectDefaultMetrics, Registry } from 'prom-client'

let registry: Registry | undefined

/** Metrics of the process: memory, garbage collection and others. Created once, as their observers live as long as it. */
export function processMetrics(): Registry {
  if (registry === undefined) collectDefaultMetrics({ register: (registry = new Registry()) })
  return registry
}
