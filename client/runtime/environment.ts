import { systemClock as system } from '../../model/clock.ts'
import type { ClientLogger } from './client-logger.ts'
import type { Report } from './report.ts'
import type { Dial } from './web-socket.ts'

export type Cancel = () => void

/** Milliseconds that a timer of the platform can wait: what is longer would be over at once. */
export const LONGEST_TIMER = 2 ** 31 - 1

/** Time, as the client sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch, for dates; it may be set back. */
  now: () => number
  /** Milliseconds since some moment, for durations; it only goes forward. */
  monotonic: () => number
  /** Calls back once, unless cancelled before. */
  schedule: (milliseconds: number, callback: () => void) => Cancel
}

/** What the machine knows of its network. */
export interface Network {
  isOnline: () => boolean
  /** Called when the network is there again or gone, and when the page is looked at again. Call the answer to stop. */
  subscribe: (listener: (event: 'online' | 'offline' | 'visible') => void) => Cancel
}

/** All that the client takes from outside. */
export interface Environment {
  dial: Dial
  clock: Clock
  /** From 0 to below 1. */
  random: () => number
  logger: ClientLogger
  network: Network
  /** Takes what code of the application throws when it is called. */
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

/** Of a browser; elsewhere it is always there. */
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

/** Dials with the platform's WebSocket: browsers, and Node from 22 on. */
export const dialPlatform: Dial = (url, protocols) => new WebSocket(url, protocols)
