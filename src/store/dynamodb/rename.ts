import type { FileState } from '../../core/file-state.ts'
import type { Files } from './files.ts'
import type { Mirror } from './mirror.ts'
import type { Unit } from './units.ts'

/**
 * Gives a trigger's files and baseline to a new name. Until the one write in the middle the old name counts and the files of the new one are mere copies; after
 * it those of the old one are.
 */
export async function renameUnits(
  mirror: Mirror,
  files: Files,
  { from, to, now }: { readonly from: string; readonly to: string; readonly now: number },
): Promise<readonly Unit[]> {
  const states: FileState[] = mirror.pending.values().filter(({ trigger }) => trigger === from)
  const pending = new Set(states.map(({ fileId }) => fileId))
  for await (const known of files.known(from)) {
    states.push(...known.map(({ state }) => state).filter(({ fileId }) => !pending.has(fileId)))
  }
  const removed = states.map((state) => files.remove(mirror, state))
  const before = mirror.triggers.get(from)
  // Planned anew behind that write, as somebody else has written since: there is no baseline here to take along any more.
  if (before === undefined) return removed
  const { baseline } = before
  const copies = states.map((state) => files.move(mirror, { ...state, trigger: to }, now))
  return [
    ...copies,
    [
      ...mirror.triggers.put(to, {
        ...before,
        name: to,
        baseline: baseline === null ? null : { ...baseline, trigger: to },
      }),
      ...mirror.triggers.drop(from),
    ],
    ...removed,
  ]
}
