import type { Access } from './access.ts'
import { pickCurrent } from './attributes.ts'
import type { LiveStream } from './live-stream.ts'
import type { Change } from './model/change-log.ts'
import type { DocumentKind, FileNode } from './model/file-node.ts'
import type { SpaceTree } from './model/space-tree.ts'
import type { ProviderState } from './provider-state.ts'

/** What one client asked for. */
export interface EventSubscription {
  readonly state: ProviderState
  readonly tree: SpaceTree
  readonly access: Access
  readonly directories: readonly FileNode[]
  /** Observed attributes by document. */
  readonly attributes: Readonly<Record<DocumentKind, readonly string[]>>
  /** Where to resume; null = live only. */
  readonly lastEventId: number | null
}

/** How far behind an observer may fall before it is told where the log stands. */
const heartbeatDistance = 100

interface Block {
  readonly id: number
  readonly event: 'changedOrCreated' | 'deleted' | 'heartbeat'
  readonly data: unknown
}

/**
 * Sends what happens to the direct children of some directories:
 *
 *   log ──(poll)──▶ newest change of each document ──▶ observed directory? rights? attributes? ──▶ faults ──▶ stream
 *
 * Replay and live are one: it reads the compacted log from where it stands. Values are those of the moment of sending.
 */
export class EventStream {
  readonly #wanted: EventSubscription
  readonly #stream: LiveStream
  readonly #directories: ReadonlySet<FileNode>
  /** All up to this number is done. */
  #position: number
  /** The last number that the observer was told. */
  #lastSeen: number
  /** An event that is to come after the next one (a fault). */
  #held: string | null = null

  constructor(wanted: EventSubscription, stream: LiveStream) {
    this.#wanted = wanted
    this.#stream = stream
    this.#directories = new Set(wanted.directories)
    const { visible } = wanted.tree.log
    // An id from the future is taken as caught up; one from the past is sent again, should it still be the newest of its document.
    const { lastEventId } = wanted
    this.#position = lastEventId === null || lastEventId >= visible ? visible : Math.max(0, lastEventId - 1)
    this.#lastSeen = Math.min(lastEventId ?? visible, visible)
  }

  start(): void {
    const { log } = this.#wanted.tree
    this.#stream.onClose(log.follow(() => this.#send()))
    this.#send()
  }

  #send(): void {
    const { log } = this.#wanted.tree
    const blocks: string[] = []
    for (const change of log.from(this.#position + 1)) {
      const block = this.#blockOf(change)
      if (block === null) continue
      this.#lastSeen = change.seq
      blocks.push(...this.#spoil(block))
      if (block.event === 'deleted' && this.#wanted.state.faults.spoils('afterDeleted')) {
        blocks.push(encode(this.#lateChange(change)))
      }
    }
    this.#position = log.visible
    if (log.visible - this.#lastSeen >= heartbeatDistance) {
      this.#lastSeen = log.visible
      blocks.push(encode({ id: log.visible, event: 'heartbeat', data: null }))
    }
    this.#stream.write(blocks.join(''))
  }

  /** Null for what this observer does not hear of. */
  #blockOf({ seq, kind, node }: Change): Block | null {
    const { access } = this.#wanted
    if (node.parent === null || !this.#directories.has(node.parent)) return null
    // A token that has ended, or a right that is lost, silences the stream; it stays open.
    const allowed = access.stillHolds() && access.mayTraverse(node.parent) && access.reachOf(node) !== 'outside'
    if (!allowed || this.#wanted.state.faults.denied.has(node)) return null
    const data = { fileId: node.fileId, parentFileId: node.parent.fileId }
    if (node.deleted) return kind === 'meta' ? { id: seq, event: 'deleted', data } : null
    const names = this.#wanted.attributes[kind]
    if (names.length === 0) return null
    return { id: seq, event: 'changedOrCreated', data: { ...data, attributes: this.#values(node, names) } }
  }

  /** What another document of a deleted file may still bring. */
  #lateChange({ seq, node }: Change): Block {
    const attributes = this.#values(node, this.#wanted.attributes.times)
    const data = { fileId: node.fileId, parentFileId: node.parent?.fileId, attributes }
    return { id: seq + 1, event: 'changedOrCreated', data }
  }

  #values(node: FileNode, names: readonly string[]): Record<string, unknown> {
    const { state, tree } = this.#wanted
    const values = pickCurrent({ node, tree, state }, names)
    // Streams tell the name as it was given, without the suffix that listings add.
    if ('name' in values) values.name = node.name
    if (state.faults.spoils('missingName')) delete values.name
    return values
  }

  #spoil(block: Block): readonly string[] {
    const { faults } = this.#wanted.state
    if (faults.spoils('drop')) return []
    const text = faults.spoils('undecodable')
      ? `id: ${block.id}\nevent: ${block.event}\ndata: {"fileId":\n\n`
      : encode(block)
    if (this.#held === null && faults.spoils('reorder')) {
      this.#held = text
      return []
    }
    const texts = faults.spoils('double') ? [text, text] : [text]
    if (this.#held !== null) texts.push(this.#held)
    this.#held = null
    return texts
  }
}

function encode({ id, event, data }: Block): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
