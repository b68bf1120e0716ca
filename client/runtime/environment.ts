import { systemClock as system } from '../../model/clock.ts'
import type { ClientLogger } from './client-logger.ts'
import type { Report } from './report.ts'
import type { Dial } from './web-socket.ts'

export type Cancel = () => void

/** The longest timeout of a platform timer, in milliseconds. Longer ones would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1

/** The client's source of time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. For dates only: the system clock may be set back. */
  now: () => number
  /** Milliseconds of a monotonic clock, for durations. */
  monotonic: () => number
  /** Calls back once after so many milliseconds. Returns a function that cancels it. */
  schedule: (milliseconds: number, callback: () => void) => Cancel
}

/** The state of the machine's network. */
export interface Network {
  isOnline: () => boolean
  /** Calls back when the network appears or disappears, and when the page becomes visible. Returns a function that unsubscribes. */
  subscribe: (listener: (event: 'online' | 'offline' | 'visible') => void) => Cancel
}

/** The client's dependencies on its platform and on the application. */
export interface Environment {
  dial: Dial
  clock: Clock
  /** Returns a number from 0 to below 1. */
  random: () => number
  logger: ClientLogger
  network: Network
  /** Receives the errors that callbacks of the application throw. */
  report: Report
}

export const systemClock: Clock = {
  ...system,
  schedule: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(milliseconds, LONGEST_TIMER))
    return () => clearTimeout(timer)
  },
}

export const silentLogger: ClientLogger = { debug: () => undefined, warn: () => undefined }

/** The browser's network state. Elsewhere the network counts as present. */
export const systemNetwork: Network = {
  isOnline: () => typeof window === 'undefined' || navigator.onLine,
  subscribe: (listener) => {
    if (typeof window === 'undefined') return () => undefined
    const onOnline = () => listener('online')
    const onOffline = () => listener('offline')
    const onVisibility = () => {
      if (document.visibilityState === 'visible') listener('visible')
    }
    window.addEventListener('online', onOnline)
    window.addEventListener('offline', onOffline)
    document.addEventListener('visibilitychange', onVisibility)
    return () => {
      window.removeEventListener('online', onOnline)
      window.removeEventListener('offline', onOffline)
      document.removeEventListener('visibilitychange', onVisibility)
    }
  },
}

/** Dials with the platform's WebSocket, in browsers and in Node from 22 on. */
export const dialPlatform: Dial = (url, protocols) => new WebSocket(url, protocols)
