import type { Path } from './problem.ts'

/** A flag of `run` with its variable and its place in the shape of the configuration file. */
export interface Setting {
  /** The long flag in camel case. */
  readonly key: string
  /** As commander takes it. */
  readonly flags: string
  readonly env: string
  /** Variable that names a file with the value; for what may be a secret. */
  readonly envFile?: string
  readonly about: string
  readonly path: Path
  /** `trigger`: part of the one trigger that flags describe, refused beside a configuration file. `process`: wins over the file. */
  readonly scope: 'trigger' | 'process'
  /** Whether `list-spaces` takes it too. */
  readonly listSpaces?: true
  /** What 1.0.4 said where it was not given. */
  readonly missing?: string
  /** From text to what the schema takes; what cannot be understood is given as it is, and the schema says what it expected. */
  readonly read?: (text: string) => unknown
}

/** Where the one trigger of the flags lives. Its names are part of every event's id, so they never change. */
export const oneTrigger = { source: 'onedata', trigger: 'default', target: 'webhook' } as const

export const tokenVariable = 'ONEDATA_ACCESS_TOKEN'
export const configVariable = 'ONETRIGGER_CONFIG'

const source = ['sources', oneTrigger.source]
const trigger = ['triggers', oneTrigger.trigger]
const target = ['targets', oneTrigger.target]

/** Every setting once: flags, help, environment, precedence and reference are made from this. The first six are 1.0.4's. */
export const settings: readonly Setting[] = [
  {
    key: 'oneproviderHost',
    flags: '-H, --oneprovider-host <host>',
    env: 'ONEPROVIDER_HOST',
    about: 'Oneprovider to watch: host, host:port or URL',
    path: [...source, 'host'],
    scope: 'trigger',
    listSpaces: true,
    missing:
      'Oneprovider host is not provided. Please set it via "--oneprovider-host" argument or "ONEPROVIDER_HOST" environment variable',
  },
  {
    key: 'token',
    flags: '-t, --token <token>',
    env: tokenVariable,
    envFile: `${tokenVariable}_FILE`,
    about: 'access token; on a command line every user of the machine can read it, so prefer the environment',
    path: [...source, 'token'],
    scope: 'trigger',
    listSpaces: true,
    missing:
      'Onedata access token is not provided. Please set it via "--token" argument or "ONEDATA_ACCESS_TOKEN" environment variable',
    // The configuration only ever names the place of a secret; the command line puts a token that was a flag there.
    read: () => ({ env: tokenVariable }),
  },
  {
    key: 'insecure',
    flags: '-i, --insecure',
    env: 'ONEPROVIDER_INSECURE',
    about: 'accept any TLS certificate of the provider',
    path: [...source, 'insecure'],
    scope: 'trigger',
    listSpaces: true,
    read: readBoolean,
  },
  {
    key: 'space',
    flags: '-s, --space <space>',
    env: 'ONEDATA_SPACE',
    about: 'space to watch: its name, its id or Name@id',
    path: [...trigger, 'watch', 'space'],
    scope: 'trigger',
    missing:
      'Onedata space is not provided. Please set it via "--space" argument or "ONEDATA_SPACE" environment variable',
    read: withoutOuterSlashes,
  },
  {
    key: 'folder',
    flags: '-f, --folder <folder>',
    env: 'ONEDATA_SPACE_FOLDER',
    about: 'folder inside the space (default: the whole space)',
    path: [...trigger, 'watch', 'folder'],
    scope: 'trigger',
  },
  {
    key: 'webhook',
    flags: '-w, --webhook <url>',
    env: 'ONETRIGGER_WEBHOOK',
    envFile: 'ONETRIGGER_WEBHOOK_FILE',
    about: 'URL that gets a POST for each complete file',
    path: [...target, 'url'],
    scope: 'trigger',
    missing:
      'Webhook to send events is not provided. Please set it via "--webhook" argument or "ONETRIGGER_WEBHOOK" environment variable',
  },
  {
    key: 'ca',
    flags: '--ca <file>',
    env: 'ONETRIGGER_CA',
    about: 'certificates (PEM) to trust for the provider instead of the public authorities',
    path: [...source, 'ca'],
    scope: 'trigger',
    listSpaces: true,
  },
  {
    key: 'stableFor',
    flags: '--stable-for <duration>',
    env: 'ONETRIGGER_STABLE_FOR',
    about: 'a file is complete when it has not changed for this long (default: 20s)',
    path: [...trigger, 'completion', 'stableFor'],
    scope: 'trigger',
  },
  {
    key: 'existing',
    flags: '--existing <policy>',
    env: 'ONETRIGGER_EXISTING',
    about:
      'files from before the first start: ignore, fire or since:TIME, as since:2026-11-23T10:00:00Z (default: ignore)',
    path: [...trigger, 'existing'],
    scope: 'trigger',
  },
  {
    key: 'via',
    flags: '--via <way>',
    env: 'ONETRIGGER_VIA',
    about: 'how changes are noticed: auto, events, changes or poll (default: auto)',
    path: [...source, 'via'],
    scope: 'trigger',
  },
  {
    key: 'pollInterval',
    flags: '--poll-interval <duration>',
    env: 'ONETRIGGER_POLL_INTERVAL',
    about: 'time between two listings where the folder is polled (default: 10s)',
    path: [...source, 'pollInterval'],
    scope: 'trigger',
  },
  {
    key: 'reconcileInterval',
    flags: '--reconcile-interval <duration>',
    env: 'ONETRIGGER_RECONCILE_INTERVAL',
    about: 'time between two listings that repair what a stream missed (default: 10m)',
    path: [...source, 'reconcileInterval'],
    scope: 'trigger',
  },
  {
    key: 'include',
    flags: '--include <glob>',
    env: 'ONETRIGGER_INCLUDE',
    about: 'only these files, as "*.avi,*.mp4"; may be repeated',
    path: [...trigger, 'watch', 'include'],
    scope: 'trigger',
    read: readList,
  },
  {
    key: 'exclude',
    flags: '--exclude <glob>',
    env: 'ONETRIGGER_EXCLUDE',
    about: 'not these files; may be repeated',
    path: [...trigger, 'watch', 'exclude'],
    scope: 'trigger',
    read: readList,
  },
  {
    key: 'format',
    flags: '--format <format>',
    env: 'ONETRIGGER_FORMAT',
    about: 'how an event is written: classic, cloudevents, cloudevents-binary, s3 … (default: classic)',
    path: [...target, 'format'],
    scope: 'trigger',
  },
  {
    key: 'store',
    flags: '--store <file>',
    env: 'ONETRIGGER_STORE',
    about:
      'database file, "postgres" (its URL in DATABASE_URL), "dynamodb:TABLE" or "memory" (default: a file of its own in $XDG_STATE_HOME/onetrigger)',
    path: ['store'],
    scope: 'process',
    read: storeNamed,
  },
  {
    key: 'listen',
    flags: '--listen <host:port>',
    env: 'ONETRIGGER_LISTEN',
    about: 'serve /livez, /readyz and /metrics there (default: nowhere)',
    path: ['http', 'listen'],
    scope: 'process',
  },
  {
    key: 'exitAfterFailures',
    flags: '--exit-after-failures <n>',
    env: 'ONETRIGGER_EXIT_AFTER_FAILURES',
    about: 'end with exit code 1 when the provider failed so many times in a row (default: never)',
    path: ['exitAfterFailures'],
    scope: 'process',
    read: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  },
  {
    key: 'logLevel',
    flags: '--log-level <level>',
    env: 'ONETRIGGER_LOG_LEVEL',
    about: 'debug, info, warn or error (default: info)',
    path: ['log', 'level'],
    scope: 'process',
    listSpaces: true,
  },
  {
    key: 'logFormat',
    flags: '--log-format <format>',
    env: 'ONETRIGGER_LOG_FORMAT',
    about: 'json or pretty (default: pretty on a terminal, else json)',
    path: ['log', 'format'],
    scope: 'process',
    listSpaces: true,
  },
]

/** `--stable-for` */
export function longFlag(setting: Setting): string {
  return /--[a-z-]+/.exec(setting.flags)?.[0] ?? setting.flags
}

function readBoolean(text: string): unknown {
  const word = text.toLowerCase()
  if (['true', '1', 'yes', 'on'].includes(word)) return true
  return ['false', '0', 'no', 'off', 'null'].includes(word) ? false : text
}

function withoutOuterSlashes(text: string): string {
  return text.replace(/^\/+|\/+$/g, '')
}

/** Commas inside braces belong to the glob: `*.{avi,mp4},*.mkv` are two. */
function readList(text: string): readonly string[] {
  return text
    .split(/,(?![^{]*\})/)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

const dynamoTable = 'dynamodb:'

/** What `--store` names, as the schema takes it: a word for a kind, else a file. */
export function storeNamed(text: string) {
  if (text === 'memory') return { type: 'memory' }
  if (text === 'postgres') return { type: 'postgres', url: { env: 'DATABASE_URL' } }
  if (text.startsWith(dynamoTable)) return { type: 'dynamodb', table: text.slice(dynamoTable.length) }
  return { type: 'sqlite', path: text }
}
