import { z } from 'zod'
import { serviceMethod, type ServiceMethod } from '../../pipeline/modules/module.ts'
import type { MethodCall } from '../../pipeline/modules/method-call.ts'

type Script = (call: MethodCall, ...params: unknown[]) => unknown

let script: Script = () => null

/** What the methods `scripted.run` and the like do from now on. */
export function runs(next: Script): void {
  script = next
}

const params = z.array(z.unknown())

function method(more: Pick<ServiceMethod, 'idempotent' | 'timeout'> = {}): ServiceMethod {
  return serviceMethod<unknown[]>({ params, run: (call, given) => script(call, ...given), ...more })
}

/** A module whose methods do what a test says. */
export default {
  name: 'scripted',
  model: [],
  methods: { run: method(), repeat: method({ idempotent: true }), brief: method({ timeout: 50 }) },
}
