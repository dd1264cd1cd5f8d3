import { canonicalPath } from './access.ts'
import { fullPath } from './attributes.ts'
import { type ChangeSection, type ChangeSpecification, sectionNames } from './change-specification.ts'
import type { LiveStream } from './live-stream.ts'
import type { Change } from './model/change-log.ts'
import type { CustomMetadata, DocumentKind, FileNode } from './model/file-node.ts'
import type { SpaceTree } from './model/space-tree.ts'
import type { ProviderState } from './provider-state.ts'

/** What one client asked for. */
export interface ChangeSubscription {
  readonly state: ProviderState
  readonly tree: SpaceTree
  readonly specification: ChangeSpecification
  /** The first number to be sent, should it still be the newest of its document; null = what comes from now on. */
  readonly firstSeq: number | null
}

/** Sends every change of a space as a line of JSON, nothing while there is none; no rights are checked file by file. */
export class ChangeStream {
  readonly #wanted: ChangeSubscription
  readonly #stream: LiveStream
  /** All up to this number is done. */
  #position: number

  constructor(wanted: ChangeSubscription, stream: LiveStream) {
    this.#wanted = wanted
    this.#stream = stream
    const { visible } = wanted.tree.log
    this.#position = wanted.firstSeq === null ? visible : Math.max(0, wanted.firstSeq - 1)
  }

  start(): void {
    this.#stream.onClose(this.#wanted.tree.log.follow(() => this.#send()))
    this.#send()
  }

  #send(): void {
    const { log } = this.#wanted.tree
    const lines: string[] = []
    for (const change of log.from(this.#position + 1)) {
      const line = this.#lineOf(change)
      if (line !== null) lines.push(...this.#spoil(line))
    }
    this.#position = Math.max(this.#position, log.visible)
    this.#stream.write(lines.join(''))
  }

  /** Null for what this client does not hear of. */
  #lineOf({ seq, kind, node }: Change): Record<string, unknown> | null {
    const { triggers, sections } = this.#wanted.specification
    if (!triggers.has(kind) || (node.deleted && kind !== 'meta')) return null
    const told = [...sections].filter(
      ([section, { always }]) => section === kind || (always && hasDocument(node, section)),
    )
    if (told.length === 0) return null
    // A document that is to go along and cannot be read takes the whole line with it.
    if (node.deleted && told.some(([, { always }]) => always)) return null
    const line: Record<string, unknown> = { fileId: node.fileId, filePath: this.#pathOf(node), seq }
    for (const [section, wanted] of told)
      line[sectionNames[section]] = this.#record(node, section, section === kind, wanted)
    return line
  }

  #record(node: FileNode, kind: DocumentKind, changed: boolean, { fields, exists }: ChangeSection): object {
    const values = Object.fromEntries(fields.map((field) => [field, this.#value(node, kind, field)]))
    const record = {
      rev: `${node.seqs[kind]}-simulated`,
      mutators: [this.#wanted.tree.providerId],
      changed,
      deleted: node.deleted,
      fields: values,
    }
    if (kind !== 'custom' || exists.length === 0) return record
    const names = customValues(node.custom)
    return { ...record, exists: Object.fromEntries(exists.map((name) => [name, Object.hasOwn(names, name)])) }
  }

  #value(node: FileNode, kind: DocumentKind, field: string): unknown {
    switch (kind) {
      case 'meta':
        return metaValue(node, field)
      case 'times':
        return { atime: node.atime, mtime: node.mtime, ctime: node.ctime }[field]
      case 'location':
        return this.#locationValue(node, field)
      case 'custom':
        return field === 'onedata_keyvalue' ? (node.custom?.xattrs ?? null) : (customValues(node.custom)[field] ?? null)
    }
  }

  #locationValue(node: FileNode, field: string): unknown {
    const { tree } = this.#wanted
    const values: Readonly<Record<string, unknown>> = {
      provider_id: tree.providerId,
      storage_id: 'storage',
      size: node.size,
      space_id: tree.space.id,
      storage_file_created: true,
    }
    return values[field]
  }

  #pathOf(node: FileNode): string {
    if (node.deleted) return ''
    const { state, tree } = this.#wanted
    return state.generation.errors === 'withContext' ? canonicalPath(node) : fullPath(node, tree)
  }

  #spoil(line: Record<string, unknown>): readonly string[] {
    const { faults } = this.#wanted.state
    if (faults.spoils('drop')) return []
    const text = faults.spoils('undecodable') ? '{"fileId":\r\n' : `${JSON.stringify(line)}\r\n`
    return faults.spoils('double') ? [text, text] : [text]
  }
}

function metaValue(node: FileNode, field: string): unknown {
  const values: Readonly<Record<string, unknown>> = {
    name: node.name,
    type: node.type,
    mode: node.mode,
    owner: node.ownerId,
    group_owner: null,
    provider_id: node.originProviderId,
    shares: [],
    deleted: node.deleted,
  }
  return values[field]
}

function customValues(custom: CustomMetadata | null): Readonly<Record<string, unknown>> {
  const { xattrs = {}, json, rdf } = custom ?? {}
  return {
    ...xattrs,
    ...(json === undefined ? {} : { onedata_json: json }),
    ...(rdf === undefined ? {} : { onedata_rdf: rdf }),
  }
}

function hasDocument(node: FileNode, kind: DocumentKind): boolean {
  return kind !== 'location' || node.type === 'REG'
}
