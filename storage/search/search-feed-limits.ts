/** Milliseconds from a commit on, so that what was committed is in the full-text index within a second. */
export const searchFeedLimits = {
  /** Until the feed begins: meanwhile several changes of one document become one. */
  delay: 300,
  /** Until it goes on even while commits wait. */
  patience: 600,
}
