import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Configuration } from '../../server/configuration/configuration.ts'
import { options } from '../../server/configuration/options/options.ts'
import { DEMO_WORKSPACE } from '../../server/startup/fill-demo.ts'

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url))

/** Commands to try on the demo, as typed in another terminal. */
export function firstSteps({ port }: { port: number }, configuration: Configuration): string {
  const command = `${settings(port, configuration)}${executable()}`
  const lines = [
    '',
    `The workspace "${DEMO_WORKSPACE}" is filled, with two members, ann and bob. In other terminals, try`,
    '',
    `  ${command} watch ${DEMO_WORKSPACE} --as ann`,
    `  ${command} find ${DEMO_WORKSPACE} board:class:Task --limit 3 --as bob`,
    `  ${command} update ${DEMO_WORKSPACE} board:class:Task 000000de0100000000000001 '{"status":"done"}' --as bob`,
    '',
    ...(configuration.secret === undefined ? [] : ['with ATRIUM_SECRET set as it is here.', '']),
    '',
  ]
  return lines.join('\n')
}

/** The variables that the commands need: those that differ from the default. */
function settings(port: number, { host, data }: Configuration): string {
  const given = [
    [options.host, host],
    [options.port, String(port)],
    [
      options.data,
      resolve(data) === resolve(options.data.fallback ?? '') ? options.data.fallback : resolve(data),
    ],
  ] as const
  return given
    .filter(([{ fallback }, value]) => value !== fallback)
    .map(([{ env }, value]) => `${env}=${quoted(value ?? '')} `)
    .join('')
}

function executable(): string {
  const path = join(PROJECT, 'scripts', 'atrium')
  const near = relative(process.cwd(), path)
  return quoted(near.startsWith(`..${sep}`) ? path : near)
}

/** Quotes text as one word of a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
