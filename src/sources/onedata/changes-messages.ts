import { baseName, dirName, type FileFacts, isInside, type Observation } from '../../core/observation.ts'
import type { Space, WatchNeeds } from '../../core/source.ts'
import { DirectoryTree } from './directory-tree.ts'
import { objectOf, parse, toldContent } from './events-messages.ts'
import { isPossiblePath, toldId, toldSequence, toldText, withoutSpace } from './told.ts'

/** What one line of the changes stream comes to. */
export interface ChangeMeaning {
  readonly seq: number | null
  readonly observations: readonly Observation[]
  /** A directory was seen: its own times are no file. */
  readonly directory?: string
  /** It lies neither in a folder nor above one. */
  readonly isElsewhere?: boolean
  readonly gap?: string
}

/** The stream is asked to end by itself before the provider's idle cut of 5 minutes. */
const changesTimeoutMs = 240_000

/** Asks for the changes behind the one of this number; null = from now on. */
export function changesRequest(space: Space, needs: WatchNeeds, last: number | null) {
  const since = last === null ? 'now' : String(last + 1)
  return {
    path: `/api/v3/oneprovider/changes/metadata/${encodeURIComponent(space.id)}?timeout=${changesTimeoutMs}&last_seq=${since}`,
    headers: {},
    body: changesSpecification(needs),
  }
}

/** The documents to be told of. No `always`: it hides deletions. */
function changesSpecification(needs: WatchNeeds): object {
  return {
    fileMeta: { fields: ['name', 'type', 'deleted'] },
    fileLocation: { fields: ['size', 'provider_id'] },
    times: { fields: ['mtime', 'ctime'] },
    ...(needs.xattrs.length > 0 ? { customMetadata: { fields: needs.xattrs } } : {}),
  }
}

/** Reads one line; what belongs to a known directory is nothing. Files outside the folders are told too: one may have left them. */
export function readChange(
  line: string,
  context: {
    readonly folders: readonly string[]
    readonly providerId: string
    readonly isDirectory: (fileId: string) => boolean
    /** A directory elsewhere in the space, as far as it was told. */
    readonly isElsewhere?: (fileId: string) => boolean
  },
): ChangeMeaning {
  const change = parse(line)
  const seq = toldSequence(change?.seq)
  if (change === null || seq === null)
    return { seq: sequenceIn(line), observations: [], gap: 'a change could not be decoded' }
  const fileId = toldId(change.fileId)
  if (fileId === null) return { seq, observations: [] }
  const meta = objectOf(change.fileMeta)
  const metaFields = objectOf(meta.fields)
  if (meta.deleted === true || metaFields.deleted === true) {
    const isOurs = context.isDirectory(fileId) && context.isElsewhere?.(fileId) !== true
    return {
      seq,
      observations: [{ kind: 'gone', fileId, by: 'changes' }],
      ...suspected(isOurs, 'a directory was deleted'),
    }
  }
  const path = inSpace(toldText(change.filePath) ?? '')
  if (typeof metaFields.type === 'string' && metaFields.type.toUpperCase() !== 'REG') {
    const gap = suspected(isMoved(meta, path, context.folders), 'a directory changed its name or place')
    const isElsewhere = path !== null && !concerns(path, context.folders)
    return { seq, observations: [{ kind: 'notAFile', fileId }], directory: fileId, isElsewhere, ...gap }
  }
  if (context.isDirectory(fileId) || path === null) return { seq, observations: [] }
  const facts = factsOf(change, context.providerId)
  return {
    seq,
    observations: [{ kind: 'file', fileId, dir: dirName(path), name: baseName(path), facts, by: 'changes' }],
  }
}

function suspected(isSo: boolean, gap: string): Pick<ChangeMeaning, 'gap'> {
  return isSo ? { gap } : {}
}

/** The number at the head of a line that cannot be decoded as a whole, so that it does not come again: it says so before anything else but names. */
function sequenceIn(line: string): number | null {
  const text = /^\{"fileId":"[^"]*","filePath":"(?:[^"\\]|\\.)*","seq":(\d{1,15}),/.exec(line)?.[1]
  return text === undefined ? null : toldSequence(Number(text))
}

/** A directory that was moved brings or takes what lies below it, the folder itself too, and no file there tells; a first revision is a new directory. */
function isMoved(meta: Readonly<Record<string, unknown>>, path: string | null, folders: readonly string[]): boolean {
  const { rev } = meta
  const isNew = rev === undefined || rev === null || (typeof rev === 'string' && rev.startsWith('1-'))
  return path !== null && concerns(path, folders) && !isNew
}

/** Whether a directory lies in one of the folders, is one, or lies above one. */
function concerns(path: string, folders: readonly string[]): boolean {
  return DirectoryTree.inside(path, folders) || folders.some((folder) => isInside(folder, path))
}

function factsOf(change: Readonly<Record<string, unknown>>, providerId: string): FileFacts {
  const location = objectOf(objectOf(change.fileLocation).fields)
  // Another provider's replica may hold less of the file.
  const ownSize = location.provider_id === undefined || location.provider_id === providerId ? location.size : undefined
  return toldContent(ownSize, objectOf(objectOf(change.times).fields))
}

/**
 * `/Gamma/in/a` or `/<space id>/in/a` (newer versions) as `in/a`; null where it could not be told. What the space is called does not matter, for a stream
 * is of one space only, and somebody may give it another name meanwhile.
 */
function inSpace(filePath: string): string | null {
  const path = filePath.startsWith('/') ? withoutSpace(filePath) : ''
  return path === '' || !isPossiblePath(path) ? null : path
}
