import { z } from 'zod'
import { separated } from './option.ts'

const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/\\?#@]+\/?$/i
/** Schemes that have hosts, but no web pages. */
const NO_PAGES: ReadonlySet<string> = new Set(['ws:', 'wss:', 'ftp:', 'file:'])

/** Origins separated by commas, in the form in which browsers send them; `*` is any. */
export const originList = z.string().transform((value, context) => {
  const origins = separated(value).map((each) => (each === '*' ? each : originOf(each)))
  if (origins.every((each) => each !== undefined)) return origins
  context.addIssue({ code: 'custom', message: 'an origin is wrong' })
  return z.NEVER
})

/** @returns `undefined`: no page has such an origin */
function originOf(text: string): string | undefined {
  if (!ORIGIN.test(text) || !URL.canParse(text)) return undefined
  const { protocol, host, origin } = new URL(text)
  if (NO_PAGES.has(protocol) || host === '' || host.includes('*')) return undefined
  // Of a scheme of an application, such as `capacitor://localhost`, URL does not know that it has origins.
  return origin === 'null' ? `${protocol}//${host.toLowerCase()}` : origin
}
