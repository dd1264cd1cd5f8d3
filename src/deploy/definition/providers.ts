import { isObject } from '../../lib/is-object.ts'
import type { ProviderSettings, Providers, StorageEntry } from './definition.ts'
import { asList, asMap, asText, asTexts, type Loose } from './loose.ts'

/** Names that drafts of the file had for what is called otherwise today. */
const renamed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  onedata: { host: 'oneprovider_host' },
  minio: { user: 'access_key', pass: 'secret_key' },
  s3: { user: 'access_key', pass: 'secret_key' },
}

/** Keys by which settings are told from ids. */
const settingKeys = new Set([
  'oneprovider_host',
  'host',
  'token',
  'space',
  'endpoint',
  'access_key',
  'secret_key',
  'auth',
])

/** `storage_providers` and `storages` in every form: by id, without id, as a list of `{ name, auth }`, as a list of types. */
export function readProviders(raw: Loose): Providers {
  return mergeProviders(fromPlace(raw.storage_providers), fromPlace(raw.storages))
}

/** Providers of both; what the second says of one replaces what the first says. */
export function mergeProviders(first: Providers, second: Providers): Providers {
  const types = new Set([...Object.keys(first), ...Object.keys(second)])
  return Object.fromEntries([...types].map((type) => [type, { ...first[type], ...second[type] }]))
}

function fromPlace(place: unknown): Providers {
  const byType = Array.isArray(place) ? place.map(asMap) : [asMap(place)]
  return byType
    .flatMap((each) => Object.entries(each))
    .map(([type, value]): Providers => ({ [type.toLowerCase()]: byId(type.toLowerCase(), value) }))
    .reduce(mergeProviders, {})
}

function byId(type: string, value: unknown): Readonly<Record<string, ProviderSettings>> {
  if (Array.isArray(value)) {
    return Object.fromEntries(
      value.map(asMap).map((each) => {
        const { name, auth, ...rest } = each
        return [asText(name) ?? 'default', settingsOf(type, { ...rest, ...asMap(auth) })]
      }),
    )
  }
  const map = asMap(value)
  const isWithoutId = Object.keys(map).some((key) => settingKeys.has(key) && !isObject(map[key]))
  if (isWithoutId) return { default: settingsOf(type, map) }
  return Object.fromEntries(
    Object.entries(map).map(([id, each]) => [id, settingsOf(type, { ...asMap(each), ...asMap(asMap(each).auth) })]),
  )
}

function settingsOf(type: string, raw: Loose): ProviderSettings {
  return Object.fromEntries(
    Object.entries(raw).flatMap(([key, value]): readonly (readonly [string, string | boolean])[] => {
      const name = renamed[type]?.[key] ?? key
      if (typeof value === 'boolean') return [[name, value]]
      const text = asText(value)
      return text === null ? [] : [[name, text]]
    }),
  )
}

/** `input` and `output` in every form; an entry that names a provider by its name alone gets the type of that one. */
export function readEntries(raw: unknown, providers: Providers): readonly StorageEntry[] {
  return asList(raw)
    .map(asMap)
    .flatMap((entry): readonly StorageEntry[] => {
      const named = asText(entry.storage_provider) ?? asText(entry.storage) ?? asText(entry.name)
      if (named === null) return []
      const files = asMap(entry.files)
      const suffix = asTexts(entry.suffix ?? files.suffix)
      const prefix = asTexts(entry.prefix ?? files.prefix)
      return [
        {
          provider: fullName(named, providers),
          path: asText(entry.path) ?? '',
          ...(suffix.length === 0 ? {} : { suffix }),
          ...(prefix.length === 0 ? {} : { prefix }),
        },
      ]
    })
}

function fullName(named: string, providers: Providers): string {
  if (named.includes('.')) return named
  const type = Object.keys(providers).find((each) => providers[each]?.[named] !== undefined)
  return type === undefined ? `${named.toLowerCase()}.default` : `${type}.${named}`
}
