import type { Baseline } from '../core/baseline.ts'
import type { ClaimedDelivery, Delivery, DeliveryState, Job, Settlement } from '../core/delivery.ts'
import type { Event } from '../core/event.ts'
import type { FileState, Phase } from '../core/file-state.ts'
import type { Cursor } from '../core/source.ts'

/** Names one watch: cursor and lease belong to it. */
export interface WatchKey {
  readonly source: string
  readonly spaceId: string
}

/** Name of the lease under which one process at a time watches; its epoch goes into every commit of that watch. */
export function watchLease(watch: WatchKey): string {
  return `watch/${watch.source}/${watch.spaceId}`
}

/** Everything that follows from one batch; taken in whole or not at all. */
export interface Commit {
  readonly watch: WatchKey
  /** Epoch of the lease under which the writer watches; refused with `STORE_FENCED` when the lease has moved on. */
  readonly epoch: number
  /** New or changed states, each replaces what was known under its trigger and file id. */
  readonly states: readonly FileState[]
  /** States to forget (a trigger never knew the file for one). */
  readonly forget: readonly { readonly trigger: string; readonly fileId: string }[]
  /** New events with the targets they are owed to. One whose delivery id is known already changes nothing. */
  readonly events: readonly OwedEvent[]
  /** Absent: the cursor stays. */
  readonly cursor?: Cursor | null
  readonly baselines?: readonly Baseline[]
}

export interface OwedEvent<E extends Event = Event> {
  readonly event: E
  readonly targets: readonly string[]
}

export interface Claim {
  readonly target: string
  readonly limit: number
  /** Milliseconds since the epoch: what is due by then. */
  readonly now: number
  /** A claim not settled by then may be claimed again by anyone. */
  readonly leaseUntil: number
}

export interface Lease {
  /** Grows each time another holder takes it. */
  readonly epoch: number
}

export interface DeliveryFilter {
  readonly target?: string
  readonly trigger?: string
  readonly state?: DeliveryState
  /** Continue behind this delivery id, in the order that is asked for. */
  readonly after?: string
  /** Newest first; by default in the order of their making. */
  readonly newestFirst?: boolean
  readonly limit: number
}

/** A job with the id of the delivery that started it. */
export interface DeliveryJob {
  readonly delivery: string
  readonly job: Job
}

/** What is remembered of a target beside its deliveries; times in milliseconds since the epoch. */
export interface TargetState {
  /** Since when nothing got through; null = something did lately. */
  readonly failingSince: number | null
  /** When it was taken out of service after failing for too long; null = it is in service. */
  readonly disabledAt: number | null
}

export const freshTargetState: TargetState = { failingSince: null, disabledAt: null }

/** What is owed per target. */
export interface OutboxDepth {
  readonly target: string
  readonly owed: number
  readonly dead: number
  /** When the oldest owed delivery was made, milliseconds since the epoch; null = none is owed. */
  readonly oldestOwedAt: number | null
}

/**
 * The only durable boundary. Every method resolves when its effect would survive the loss of power, and rejects with `StoreError`; a call that
 * rejected has changed nothing. Calls may be made concurrently; those that are under way together share a transaction. What is told again where it is
 * lost need not wait for the disk, only outlive the process: a `commit` without events and baselines, taken back whole or not at all, and a `claim`.
 */
export interface Store {
  /** Whether several processes work on it at once: then leases are short, and another takes over soon. */
  readonly isShared: boolean
  commit(commit: Commit): Promise<void>
  cursor(watch: WatchKey): Promise<Cursor | null>
  baseline(trigger: string): Promise<Baseline | null>
  /**
   * Notes that triggers are tried to be watched, at this time by our clock. Resolves with the time that was noted first for each, as long as it has no
   * baseline; else with the one given. They may be hundreds, and are noted together.
   */
  noteFirstTries(triggers: readonly string[], at: number): Promise<ReadonlyMap<string, number>>
  /** States of these files for one trigger; absent ones are not in the map. */
  files(trigger: string, fileIds: readonly string[]): Promise<ReadonlyMap<string, FileState>>
  /** States by path for one trigger. Where several files share a path, those that are not gone come first. */
  filesByPath(trigger: string, paths: readonly string[]): Promise<readonly FileState[]>
  /**
   * One page of a trigger's states in these phases, behind the file id `after`, in an order of the store's own that is always the same. An empty page is
   * the end.
   */
  pageFiles(
    trigger: string,
    phases: readonly Phase[],
    after: string | null,
    limit: number,
  ): Promise<readonly FileState[]>

  /** Hands out due deliveries of one target, oldest `nextAt` first, and counts the attempt. Never two of the same (trigger, file) at once. */
  claim(claim: Claim): Promise<readonly ClaimedDelivery[]>
  /**
   * Hands back what earlier lives of this process had claimed, so that a crash delays nothing; their attempts stay counted. Does nothing in a store
   * that several processes share.
   */
  releaseClaims(): Promise<void>
  /**
   * Writes down what became of claimed deliveries, and with it the events that follow. One that is not owed any more is left as it is; an event whose
   * delivery id is known already changes nothing.
   */
  settle(settlements: readonly Settlement[], owed?: readonly OwedEvent[]): Promise<void>
  /**
   * When the next unclaimed delivery of the target is due; null = none is owed. Leases that end count as due then. One that waits behind another of its
   * file, and so cannot be claimed yet, counts as due where the store is of one process only; a shared one may leave it out until that one's lease ends.
   */
  nextDue(target: string): Promise<number | null>
  delivery(id: string): Promise<Delivery | null>
  deliveries(filter: DeliveryFilter): Promise<readonly Delivery[]>
  /** Jobs of a target that have not been seen to end and were last looked at by then, longest ago first. */
  openJobs(target: string, seenBy: number, limit: number): Promise<readonly DeliveryJob[]>
  /** Writes down how jobs were seen; a delivery that has none, or another one meanwhile, is left as it is. */
  saveJobs(jobs: readonly DeliveryJob[]): Promise<void>
  targetState(target: string): Promise<TargetState>
  saveTargetState(target: string, state: TargetState): Promise<void>
  /** Dead or delivered ones are owed again at once, with the same id and no attempts; resolves with how many. */
  replay(ids: readonly string[], now: number): Promise<number>
  /** The same event is owed anew under the id of its next run, which receivers do not recognise; resolves with the new ids. */
  rerun(ids: readonly string[], now: number): Promise<readonly string[]>
  /** Dead or owed ones are given up for good; resolves with how many. */
  discard(ids: readonly string[], now: number): Promise<number>
  depth(): Promise<readonly OutboxDepth[]>

  /** Takes or renews a lease by the store's own clock; null when another holder has it. */
  lease(name: string, holder: string, ttlMs: number): Promise<Lease | null>
  /** Gives back what this holder has, so that another may take it at once. */
  releaseLease(name: string, holder: string): Promise<void>
  /** Triggers that have state here, to warn of those no configuration names. */
  triggers(): Promise<readonly string[]>
  /** Gives a trigger's state and baseline (or first try) to a new name (`renamedFrom`). Ids of events made before stay as they are. */
  renameTrigger(from: string, to: string): Promise<void>
  /** Deletes delivered and discarded deliveries, and gone files, last touched before these times; resolves with how many rows went. */
  prune(before: { readonly delivered: number; readonly gone: number }): Promise<number>
  /**
   * Resolves with another number than `known` once another process may have written (0 = nothing is known yet), or with `known` when the signal aborts.
   */
  writesByOthers(known: number, signal: AbortSignal): Promise<number>
  /** Writes a consistent copy into a new file while others go on. Rejects where there is something at `path`, and for a store that has no file. */
  backup(path: string): Promise<void>
  /** Bytes the store takes on disk; 0 for memory. */
  sizeBytes(): Promise<number>
  close(): Promise<void>
}
