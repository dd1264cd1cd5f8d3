import type { Cancel, Clock } from '../../lib/clock.ts'
import type { DocumentKind, FileNode } from './file-node.ts'
import type { SpaceTree } from './space-tree.ts'

/** How far behind the others a provider is; may be changed while it runs. */
export interface SyncLag {
  lagMs: number
}

/** What travels of a document: its values at the moment when it was saved. */
type Copy = Pick<
  FileNode,
  'uuid' | 'fileId' | 'type' | 'name' | 'mode' | 'originProviderId' | 'symlinkValue' | 'deleted' | 'creationTime'
> &
  Pick<FileNode, 'atime' | 'mtime' | 'ctime' | 'size' | 'locations' | 'content' | 'custom'> & {
    readonly parentId: string | null
  }

/**
 * Carries every document that `from` saves to `to`, `lag.lagMs` later (0 = at once); there it gets numbers of that provider. Returns what ends
 * it: documents on their way are then lost.
 */
export function replicate(from: SpaceTree, to: SpaceTree, clock: Clock, lag: SyncLag): () => void {
  const onTheWay = new Set<Cancel>()
  from.onPublished((node, kind) => {
    const copy: Copy = { ...node, parentId: node.parent?.fileId ?? null }
    if (lag.lagMs <= 0) {
      apply(to, kind, copy)
      return
    }
    const cancel = clock.timer(lag.lagMs, () => {
      onTheWay.delete(cancel)
      apply(to, kind, copy)
    })
    onTheWay.add(cancel)
  })
  return () => {
    for (const cancel of onTheWay) cancel()
  }
}

function apply(tree: SpaceTree, kind: DocumentKind, copy: Copy): void {
  if (kind === 'meta') {
    applyMeta(tree, copy)
    return
  }
  const node = tree.find(copy.fileId) ?? (copy.parentId === null ? null : tree.adopt(copy, copy.parentId))
  if (node === null) return
  if (kind === 'times') mergeTimes(node, copy)
  if (kind === 'location') {
    node.size = copy.size
    node.locations = copy.locations
    node.content = copy.content
  }
  if (kind === 'custom') node.custom = copy.custom
  tree.log.append(node, kind)
}

function applyMeta(tree: SpaceTree, copy: Copy): void {
  const known = tree.find(copy.fileId)
  if (copy.deleted) {
    if (known !== null) tree.drop(known)
    return
  }
  const node = copy.parentId === null ? known : tree.adopt(copy, copy.parentId)
  if (node !== null) tree.log.append(node, 'meta')
}

/** Of two providers' times the later ones hold. */
function mergeTimes(node: FileNode, copy: Copy): void {
  node.atime = Math.max(node.atime, copy.atime)
  node.mtime = Math.max(node.mtime, copy.mtime)
  node.ctime = Math.max(node.ctime, copy.ctime)
}
