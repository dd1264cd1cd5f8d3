/** What was seen of a file's attributes. A missing key was not told; it does not mean that nothing is there. */
export interface FileFacts {
  /** Bytes. */
  readonly size?: number
  /** Seconds since the epoch, whole. */
  readonly mtime?: number
  /** Seconds since the epoch, whole. */
  readonly ctime?: number
  /** Share of the bytes that the answering provider holds, 0 to 1. */
  readonly localRate?: number
  /** Whether the answering provider is the one where the file was created. */
  readonly atOrigin?: boolean
  /** Extended attributes that were asked for; null = not set. */
  readonly xattrs?: Readonly<Record<string, unknown>>
  /** CDMI says that an upload through CDMI is under way. */
  readonly cdmiProcessing?: boolean
  /** What the distribution said: bytes missing here are held by another provider. */
  readonly heldElsewhere?: boolean
}

/** How an observation came: `read` is a fresh look at one file, asked for by the pipeline. */
export type ObservedBy = 'events' | 'changes' | 'scan' | 'read'

/** A regular file, as far as one message of the source tells. */
export interface FileSeen {
  readonly kind: 'file'
  readonly fileId: string
  /** Path of the directory inside the space, without leading slash; '' is the space itself. Null where it was not told. */
  readonly dir: string | null
  /** Null where it was not told. */
  readonly name: string | null
  readonly facts: FileFacts
  readonly by: ObservedBy
}

/** The file is deleted (a deletion was reported, or a read found nothing). */
export interface FileGone {
  readonly kind: 'gone'
  readonly fileId: string
  readonly by: ObservedBy
}

/** The id turned out to be a directory, a link or something else that never fires. */
export interface NotAFile {
  readonly kind: 'notAFile'
  readonly fileId: string
}

export type Observation = FileSeen | FileGone | NotAFile

/** Path inside the space, without leading slash: `in/a.txt`; in the space's root just `a.txt`. */
export function joinPath(dir: string, name: string): string {
  return dir === '' ? name : `${dir}/${name}`
}

/** The last segment of a path inside the space. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The directory of a path inside the space; '' for what lies in the root. */
export function dirName(path: string): string {
  const cut = path.lastIndexOf('/')
  return cut < 0 ? '' : path.slice(0, cut)
}

/** The directories that a path lies in, nearest first; not the space itself. */
export function parentsOf(path: string): string[] {
  const parents: string[] = []
  for (let dir = dirName(path); dir !== ''; dir = dirName(dir)) parents.push(dir)
  return parents
}

/** Whether `path` is `folder` itself or lies below it; every path lies in ''. */
export function isInside(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`)
}
