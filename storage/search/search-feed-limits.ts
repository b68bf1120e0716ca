/** Milliseconds after a commit. A change is in the full-text index within a second. */
export const searchFeedLimits = {
  /** Delay of the update, which merges several changes of one document. */
  delay: 300,
  /** From then on the update does not yield to commits. */
  patience: 600,
}
