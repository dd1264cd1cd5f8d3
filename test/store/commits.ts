import type { Commit } from '../../src/store/store.ts'
import { anEvent } from '../support/builders.ts'

export const watch = { source: 'onedata', spaceId: 'space1' }

/** A commit under the first epoch of the watch. */
export function aCommit(overrides: Partial<Commit> = {}): Commit {
  return { watch, epoch: 1, states: [], forget: [], events: [], ...overrides }
}

/** One event owed to these targets; its file is named after it unless told. */
export function owed(id: string, targets: readonly string[] = ['hook'], fileId = `file-${id}`) {
  return { event: anEvent({ id, fileId }), targets }
}
