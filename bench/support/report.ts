import type { Spread } from './spread.ts'

/** The target of a figure, and whether it is a minimum or a maximum. */
export interface Bar {
  value: number
  better: 'lower' | 'higher'
}

export interface Figure {
  name: string
  unit: string
  spread: Spread
  bar?: Bar
  /** The same work done by a minimal program. */
  peer?: { name: string; spread: Spread }
  /** A short remark. */
  note?: string
}

const NAME_WIDTH = 46

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function printFigure({ name, unit, spread, bar, peer, note }: Figure): void {
  print(
    `${name.padEnd(NAME_WIDTH)} ${show(spread)} ${unit}${bar === undefined ? '' : verdict(spread, bar, unit)}`,
  )
  if (note !== undefined) print(`${''.padEnd(NAME_WIDTH)} ${note}`)
  if (peer === undefined) return
  const ratio = spread.median / peer.spread.median
  print(`${`  ${peer.name}`.padEnd(NAME_WIDTH)} ${show(peer.spread)} ${unit}; ratio ${ratio.toFixed(2)}`)
}

function verdict({ median }: Spread, { value, better }: Bar, unit: string): string {
  const holds = better === 'lower' ? median <= value : median >= value
  return `; bar ${value} ${unit}: ${holds ? 'holds' : 'MISSED'}`
}

function show({ min, median, max }: Spread): string {
  return `${number(median)} (${number(min)} to ${number(max)})`
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}
