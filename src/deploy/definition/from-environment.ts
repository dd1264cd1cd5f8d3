import type { Providers, StorageEntry } from './definition.ts'
import { mergeProviders } from './providers.ts'

/** What the variables of 2019 say of storage, and the variables that are left. */
export interface FromEnvironment {
  readonly providers: Providers
  readonly input: readonly StorageEntry[]
  readonly output: readonly StorageEntry[]
  readonly rest: Readonly<Record<string, string>>
}

const settings: Readonly<Record<string, string>> = {
  HOST: 'oneprovider_host',
  TOKEN: 'token',
  SPACE: 'space',
  USER: 'access_key',
  PASS: 'secret_key',
  ENDPOINT: 'endpoint',
  REGION: 'region',
}

const keys = Object.keys(settings).join('|')
const types = 'ONEDATA|S3|MINIO'
/** faas-supervisor 1.0: `STORAGE_AUTH_ONEDATA_<id>_HOST`. */
const idBefore = new RegExp(`^STORAGE_AUTH_(${types})_(.+)_(${keys})$`)
/** 1.1: `STORAGE_AUTH_ONEDATA_HOST_<id>`; the id may lack. */
const idBehind = new RegExp(`^STORAGE_AUTH_(${types})_(${keys})(?:_(.+))?$`)
const path = /^STORAGE_PATH_(INPUT|OUTPUT)(?:_(.+))?$/
/** 0.9: one provider, and folders named as the function. */
const oldest: Readonly<Record<string, string>> = {
  ONEPROVIDER_HOST: 'oneprovider_host',
  ONEDATA_ACCESS_TOKEN: 'token',
  ONEDATA_SPACE: 'space',
}

/** Reads `STORAGE_AUTH_…` and `STORAGE_PATH_…` as every faas-supervisor of 2019 read them, and Onedata's own three variables. */
export function readEnvironment(environment: Readonly<Record<string, string>>): FromEnvironment {
  const entries = Object.entries(environment)
  const providers = entries.map(([key, value]) => providerOf(key, value)).reduce(deepMerge, {})
  const paths = entries.flatMap(([key, value]) => {
    const [, direction, id = 'default'] = path.exec(key) ?? []
    return direction === undefined
      ? []
      : [{ direction, entry: { provider: `${typeOf(id, providers)}.${id}`, path: value } }]
  })
  return {
    providers,
    input: paths.filter(({ direction }) => direction === 'INPUT').map(({ entry }) => entry),
    output: paths.filter(({ direction }) => direction === 'OUTPUT').map(({ entry }) => entry),
    rest: Object.fromEntries(entries.filter(([key]) => !/^STORAGE_(AUTH|PATH)_/.test(key) && !(key in oldest))),
  }
}

function providerOf(key: string, value: string): Providers {
  const old = oldest[key]
  if (old !== undefined) return { onedata: { default: { [old]: value } } }
  const behind = idBehind.exec(key)
  const [type, setting, id] = behind === null ? pick(idBefore.exec(key), [1, 3, 2]) : pick(behind, [1, 2, 3])
  if (type === undefined || setting === undefined) return {}
  return { [type.toLowerCase()]: { [id ?? 'default']: { [settings[setting] ?? setting]: value } } }
}

function pick(match: RegExpExecArray | null, order: readonly number[]): readonly (string | undefined)[] {
  return order.map((index) => match?.[index])
}

/** The paths of 2019 name an id, not a type. */
function typeOf(id: string, providers: Providers): string {
  return Object.keys(providers).find((type) => providers[type]?.[id] !== undefined) ?? 's3'
}

function deepMerge(first: Providers, second: Providers): Providers {
  const merged = Object.entries(second).map(([type, ids]) => [
    type,
    Object.fromEntries(Object.entries(ids).map(([id, given]) => [id, { ...first[type]?.[id], ...given }])),
  ])
  return mergeProviders(first, Object.fromEntries(merged))
}
