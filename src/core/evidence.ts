import type { Evidence, Rung } from './event.ts'
import type { FileState } from './file-state.ts'
import type { CompletionPolicy } from './trigger.ts'

/** The marker of a file; mtime in seconds since the epoch, null = not told yet. */
export interface MarkerSeen {
  readonly mtime: number | null
}

/** Sentences for `evidence.because`. */
export const reasons: Readonly<Record<Rung, string>> = {
  marker: 'its marker is there and not older than the file',
  xattr: 'its extended attribute says that it is complete',
  declared: 'its size is what the uploader declared',
  rename: 'it was renamed from a temporary name',
  quiet: 'size and mtime did not change for the quiet period, and a fresh read confirmed them',
  empty: 'it stayed empty',
  stalled: 'it stopped growing without being complete',
  baseline: 'it was there before the watch began',
}

/** Whether the policy names evidence without which a file is never complete. */
export function asksForEvidence(policy: CompletionPolicy): boolean {
  return policy.marker !== null || asksForXattrs(policy)
}

/** Whether some of that evidence stands in extended attributes. */
export function asksForXattrs(policy: CompletionPolicy): boolean {
  return policy.xattr !== null || policy.declaredSize !== null
}

/** The first piece of evidence that is asked for and not there, as a sentence; null = nothing lacks. */
export function missingEvidence(state: FileState, policy: CompletionPolicy, marker: MarkerSeen | null): string | null {
  const { size, mtime = 0, xattrs = {} } = state.facts
  if (policy.marker !== null && (marker === null || marker.mtime === null || marker.mtime < mtime)) {
    return 'its marker is not there, or older than the file'
  }
  if (policy.xattr !== null) {
    const value = ownValue(xattrs, policy.xattr.key)
    const expected = policy.xattr.value
    if (value === null || (expected !== null && asText(value) !== expected))
      return 'its completion attribute is not set'
  }
  if (policy.declaredSize !== null) {
    const declared = ownValue(xattrs, policy.declaredSize)
    if (declared === null) return 'its size is not declared'
    if (asText(declared) !== String(size)) return `its declared size is ${asText(declared)}`
  }
  return null
}

/** The highest rung that the policy and the file's history give. */
export function decidingRung(state: FileState, policy: CompletionPolicy): Rung {
  if (policy.marker !== null) return 'marker'
  if (policy.xattr !== null) return 'xattr'
  if (policy.declaredSize !== null) return 'declared'
  if (state.facts.size === 0) return 'empty'
  return state.renamedFromTemporaryAt === null ? 'quiet' : 'rename'
}

/** What forbids firing; null = nothing does. `isOver`: the veto has stood for `vetoFor`, and the distribution may overrule holes. */
export function standingVeto(state: FileState, policy: CompletionPolicy, isOver: boolean): 'holes' | 'cdmi' | null {
  const { size = 0, localRate = 1, atOrigin = true, heldElsewhere = false, cdmiProcessing = false } = state.facts
  if (policy.cdmi && cdmiProcessing) return 'cdmi'
  const hasHoles = policy.holes === 'veto' && localRate < 1 && atOrigin && size > 0
  return hasHoles && !(isOver && heldElsewhere) ? 'holes' : null
}

export function evidenceOf(
  rung: Rung,
  because: string,
  state: FileState,
  { now, policy }: { readonly now: number; readonly policy: CompletionPolicy },
): Evidence {
  const checksum = policy.checksum === null ? null : ownValue(state.facts.xattrs ?? {}, policy.checksum)
  const time = { quietMs: Math.max(now - state.lastChangeAt, 0), lastChangeAt: state.lastChangeAt }
  return { rung, because, ...time, ...(checksum === null ? {} : { checksum: asText(checksum) }) }
}

/** An attribute that is called `constructor` is not set because objects have something of that name. */
function ownValue(xattrs: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(xattrs, key) ? (xattrs[key] ?? null) : null
}

/** An attribute's value as a person would write it. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
