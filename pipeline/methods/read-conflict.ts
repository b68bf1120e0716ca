import { StatusError } from '../../model/status.ts'

/** Something that a transaction has read has changed. */
export class ReadConflict extends StatusError {
  /** What has changed: `domain/id` of a document, or what is known of it. */
  readonly place: string

  constructor(place: string) {
    super('platform:status:Conflict')
    this.place = place
  }
}
