import type { Config } from '../../src/config/config.ts'
import type { Event, FileEvent } from '../../src/core/event.ts'
import type { FileState } from '../../src/core/file-state.ts'
import { defaultIgnore } from '../../src/core/matching.ts'
import { dirName, type FileFacts, type FileSeen } from '../../src/core/observation.ts'
import type { CompletionPolicy, Trigger } from '../../src/core/trigger.ts'

/** Nothing is watched, told or served. */
export function aConfig(overrides: Partial<Config> = {}): Config {
  return {
    sources: new Map(),
    triggers: [],
    targets: new Map(),
    notices: { deliver: [], events: [] },
    egress: { deny: [] },
    renamedFrom: new Map(),
    store: { type: 'sqlite', path: 'none' },
    listen: null,
    log: { level: 'warn', format: 'json' },
    exitAfterFailures: null,
    ...overrides,
  }
}

export function aPolicy(overrides: Partial<CompletionPolicy> = {}): CompletionPolicy {
  return {
    stableForMs: 20_000,
    stalledAfterMs: 900_000,
    marker: null,
    xattr: null,
    declaredSize: null,
    checksum: null,
    ignore: defaultIgnore,
    holes: 'veto',
    vetoForMs: 3_600_000,
    cdmi: false,
    emptyFiles: 'hold',
    ...overrides,
  }
}

export function aTrigger({
  completion,
  ...overrides
}: Partial<Omit<Trigger, 'completion'>> & { completion?: Partial<CompletionPolicy> } = {}): Trigger {
  return {
    name: 'default',
    source: 'onedata',
    space: 'Gamma',
    folder: 'in',
    include: [],
    exclude: [],
    completion: aPolicy(completion),
    revisions: 'each',
    existing: { kind: 'ignore' },
    deliver: ['webhook'],
    deliverStalled: [],
    ...overrides,
  }
}

/** A file as a scan or event tells it; its id derives from its path unless it is given. */
export function aFile(
  path: string,
  facts: FileFacts = { size: 9, mtime: 1_767_225_600 },
  by: FileSeen['by'] = 'events',
  fileId = `id-${path}`,
): FileSeen {
  return { kind: 'file', fileId, dir: dirName(path), name: path.slice(path.lastIndexOf('/') + 1), facts, by }
}

export function aState(overrides: Partial<FileState> = {}): FileState {
  return {
    trigger: 'default',
    fileId: 'f1',
    path: 'in/a.txt',
    dir: 'in',
    phase: 'uploading',
    facts: { size: 9, mtime: 1_767_225_600 },
    firstSeenAt: 0,
    lastChangeAt: 0,
    wakeAt: null,
    renamedFromTemporaryAt: null,
    vetoSince: null,
    decided: [],
    evidence: null,
    isMarker: false,
    missedScans: 0,
    ...overrides,
  }
}

export function anEvent(overrides: Partial<FileEvent> = {}): FileEvent {
  return {
    id: 'evt_1',
    kind: 'complete',
    trigger: 'default',
    source: 'onedata',
    space: { id: 'space1', name: 'Gamma' },
    fileId: 'f1',
    path: 'in/a.txt',
    size: 9,
    mtime: 1_767_225_600,
    evidence: { rung: 'quiet', because: 'it was quiet', quietMs: 20_000, lastChangeAt: 1_767_225_600_000 },
    eventTime: 1_767_225_620_000,
    ...overrides,
  }
}

/** The file event in it; throws for a notice. */
export function fileEvent(event: Event): FileEvent {
  if (event.kind === 'notice') throw new Error(`a notice where a file's event was due: ${event.type}`)
  return event
}
