import { isObject } from '../lib/is-object.ts'
import { ApiError, badData, badValue, malformed, notAllowed } from './api-error.ts'
import { parseJson } from './exchange.ts'
import type { Generation } from './generation.ts'
import type { DocumentKind } from './model/file-node.ts'

/** What one document type is to tell. */
export interface ChangeSection {
  readonly fields: readonly string[]
  /** Names of custom metadata whose presence is told. */
  readonly exists: readonly string[]
  /** Whether it goes along with every line of its file. */
  readonly always: boolean
}

/** What a client of the changes stream asked for. */
export interface ChangeSpecification {
  readonly triggers: ReadonlySet<DocumentKind>
  readonly sections: ReadonlyMap<DocumentKind, ChangeSection>
}

/** Documents as this stream calls them. */
export const sectionNames: Readonly<Record<DocumentKind, string>> = {
  meta: 'fileMeta',
  location: 'fileLocation',
  times: 'times',
  custom: 'customMetadata',
}

const kinds: ReadonlyMap<string, DocumentKind> = new Map([
  ['fileMeta', 'meta'],
  ['fileLocation', 'location'],
  ['times', 'times'],
  ['customMetadata', 'custom'],
])

const fieldsOf: Readonly<Record<Exclude<DocumentKind, 'custom'>, readonly string[]>> = {
  meta: ['name', 'type', 'mode', 'owner', 'group_owner', 'provider_id', 'shares', 'deleted'],
  location: ['provider_id', 'storage_id', 'size', 'space_id', 'storage_file_created'],
  times: ['atime', 'mtime', 'ctime'],
}

const key = 'changesSpecification'

/** Reads the body of the request. Throws what the version answers to a bad one; null = 500 without a body. */
export function readSpecification(body: string, generation: Generation): ChangeSpecification | null {
  if (generation.errors === 'legacy') return readLegacy(body)
  const value = body === '' ? {} : parseJson(body)
  if (value === undefined) {
    if (generation.errors === 'withContext') throw malformed()
    return null
  }
  if (!isObject(value)) throw badValue('JSON', key)
  const { triggers, ...sections } = value
  if (Object.keys(sections).length === 0) throw nothingWanted(generation)
  return {
    triggers: readTriggers(triggers),
    sections: new Map(Object.entries(sections).map(([name, section]) => readSection(name, section))),
  }
}

function nothingWanted(generation: Generation): ApiError {
  if (generation.errors === 'plain') return badValue('Empty', key)
  const names = [...kinds.keys()]
  const description = `Missing data, you must provide at least one of: ${names.join(', ')}.`
  return new ApiError({ status: 400, id: 'missingAtLeastOneValue', details: { keys: names }, description })
}

function readTriggers(value: unknown): ReadonlySet<DocumentKind> {
  if (value === undefined) return new Set(kinds.values())
  const names = readTexts(value, 'triggers')
  return new Set(
    names.map((name) => {
      const kind = kinds.get(name)
      if (kind === undefined) throw notAllowed('triggers', [...kinds.keys()])
      return kind
    }),
  )
}

function readSection(name: string, value: unknown): readonly [DocumentKind, ChangeSection] {
  const kind = kinds.get(name)
  if (kind === undefined) throw badData(name, 'there is no such record')
  if (!isObject(value)) throw badValue('JSON', name)
  const fields = readTexts(value.fields ?? [], `${name}.fields`)
  const known = kind === 'custom' ? null : fieldsOf[kind]
  if (known !== null && !fields.every((field) => known.includes(field))) throw notAllowed(`${name}.fields`, known)
  const always = value.always ?? false
  if (typeof always !== 'boolean') throw badValue('Boolean', `${name}.always`)
  return [kind, { fields, exists: readTexts(value.exists ?? [], `${name}.exists`), always }]
}

function readTexts(value: unknown, name: string): readonly string[] {
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
  if (!isList) throw badValue('ListOfStrings', name)
  return value
}

/** 18.02 has the same sections, no triggers, and errors of its own. */
function readLegacy(body: string): ChangeSpecification | null {
  const value = parseJson(body)
  if (value === undefined) return null
  if (!isObject(value) || Object.keys(value).length === 0) throw legacyError('errorInvalidChangesReq')
  if (Object.keys(value).some((name) => !kinds.has(name))) throw legacyError('errorInvalidFormat')
  try {
    const sections = Object.entries(value).map(([name, section]) => readSection(name, section))
    return { triggers: new Set(kinds.values()), sections: new Map(sections) }
  } catch (error) {
    if (error instanceof ApiError) throw legacyError('errorInvalidField')
    throw error
  }
}

function legacyError(id: string): ApiError {
  return new ApiError({ status: 400, id, description: 'Invalid changes request.' })
}
