import { z } from 'zod'
import { noticeTypes } from '../core/event.ts'
import { defaultIgnore } from '../core/matching.ts'
import { defaultRetry } from '../core/retry.ts'
import type { ExistingPolicy } from '../core/trigger.ts'
import { formatDuration } from '../lib/duration.ts'
import { isEgressEntry } from '../lib/egress.ts'
import { duration, secretRef } from '../lib/fields.ts'
import * as sources from '../sources/registry.ts'
import * as targets from '../targets/registry.ts'

/** Names of sources, triggers and targets: DNS labels, so that they fit into metrics, job names and host names as they are. */
const name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'a name is made of lower-case letters, digits and hyphens, at most 63, with no hyphen at its ends',
  )

const longerThanNothing = duration.refine((ms) => ms > 0, 'must be longer than 0')

const glob = z
  .string()
  .min(1)
  .max(1_000)
  .refine(
    (text) => !text.startsWith('/'),
    'a glob is about the path below the folder, so it does not begin with a slash',
  )

const folder = textAs(parseFolder, 'a folder inside the space must not hold . or ..')

const watch = z.strictObject({
  source: z.string().describe('Name of the source'),
  space: z.string().min(1).describe('Space: its name, its id or `Name@id`'),
  folder: folder.prefault('').describe('Folder inside the space; empty = the whole space'),
  include: z
    .array(glob)
    .default([])
    .describe(
      'Globs of the files that count; with a slash about the path below the folder, else about the name. Empty = all',
    ),
  exclude: z
    .array(glob)
    .default([])
    .describe('Globs of files and folders that do not count, even where `include` has them'),
})

const marker = z
  .string()
  .refine((text) => text.split('{name}').length === 2, 'must hold {name} once, as "{name}.done"')
  .refine((text) => text !== '{name}' && !text.includes('/'), 'must be the name of another file in the same folder')

const xattr = textAs(parseXattr, 'expected the name of an extended attribute, or name=value')

const completion = z.strictObject({
  stableFor: duration.prefault('20s').describe('Size and mtime must not have changed for this long'),
  stalledAfter: longerThanNothing
    .prefault('15m')
    .describe('After this long without a change, a file that still lacks its evidence is stalled'),
  marker: marker
    .optional()
    .describe(
      'Name of the file that says that another one is complete, as `{name}.done`; without it a file is never complete',
    ),
  xattr: xattr
    .optional()
    .describe(
      'Extended attribute that says that a file is complete: `name`, or `name=value` where it must have that value',
    ),
  declaredSize: z
    .string()
    .min(1)
    .optional()
    .describe('Extended attribute in which the uploader declares the size that the file will have'),
  checksum: z
    .string()
    .min(1)
    .optional()
    .describe('Extended attribute with a checksum, which is copied into the event and not verified'),
  ignore: z
    .array(glob)
    .default([...defaultIgnore])
    .describe(
      'Globs of names that are never complete; renaming a file away from them completes it. Replaces the built-in list',
    ),
  holes: z
    .enum(['veto', 'ignore'])
    .default('veto')
    .describe("What bytes mean that are missing on the file's own provider: `veto` waits for them"),
  vetoFor: longerThanNothing
    .prefault('1h')
    .describe('After this long the distribution decides: bytes that another provider holds are no hindrance'),
  cdmi: z.boolean().default(false).describe('Ask CDMI too whether a file is being uploaded; one request more per file'),
  emptyFiles: z
    .enum(['hold', 'fire', 'ignore'])
    .default('hold')
    .describe('Files of size 0: `hold` fires them after `stalledAfter`, `fire` as any other, `ignore` never'),
})

const existing = textAs(
  parseExisting,
  'expected ignore, fire or since:TIME with its zone, as since:2026-11-23T10:00:00Z',
)

const trigger = z.strictObject({
  watch: watch.describe('Where'),
  completion: completion.prefault({}).describe('When a file counts as complete'),
  revisions: z
    .enum(['each', 'once'])
    .default('each')
    .describe('`each`: new content of a file fires again; `once`: only the first does'),
  existing: existing
    .prefault('ignore')
    .describe('Files from before the first start: `ignore`, `fire`, or `since:TIME` for those changed since then'),
  deliver: z.array(z.string()).default([]).describe('Names of the targets that are told of complete files'),
  deliverStalled: z.array(z.string()).default([]).describe('Names of the targets that are told of stalled files'),
  renamedFrom: name
    .optional()
    .describe(
      "The trigger's name before: it takes over that one's state. Files that change later get ids of the new name",
    ),
})

const retry = z.strictObject({
  delays: z
    .array(duration)
    .min(1)
    .max(100)
    .prefault(defaultRetry.delaysMs.map(formatDuration))
    .describe('Wait before the second, third … attempt; the last one repeats'),
  maxAge: longerThanNothing
    .prefault(formatDuration(defaultRetry.maxAgeMs))
    .describe(
      'When the waits between attempts add up to more than this it is a dead letter; time in which the target was away does not count',
    ),
  jitter: z.number().min(0).max(1).default(defaultRetry.jitter).describe('Each wait is multiplied by 1 ± this'),
  retryAfterCap: duration
    .prefault(formatDuration(defaultRetry.retryAfterCapMs))
    .describe("A receiver's Retry-After counts up to this"),
})

const everyTarget = {
  concurrency: z.int().min(1).max(1_000).default(16).describe('Most attempts under way at once'),
  timeout: longerThanNothing.prefault('30s').describe('An attempt that takes longer is given up and repeated'),
  retry: retry.prefault({}).describe('When a delivery is tried again'),
  rate: z
    .number()
    .positive()
    .max(100_000)
    .optional()
    .describe('Most attempts that begin in a second, evenly spread; by default as fast as the target takes them'),
  disableAfter: longerThanNothing
    .optional()
    .describe(
      'Take the target out of service when nothing got through for so long; its deliveries are kept. By default never',
    ),
}

/** What every target has, whatever its kind; its adapter's options are left out. */
export const everyTargetSchema = z.object(everyTarget)

/** An entry of `egress`; a range that is none is told with its place. */
const host = z
  .string()
  .refine(isEgressEntry, 'expected an address, a range such as 10.0.0.0/8, a name or *.example.org')

/** `HOST:PORT`, with an IPv6 address in brackets. */
const listen = textAs(parseListen, 'expected HOST:PORT, as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080')

/** The store by itself, for commands that need nothing else. */
export const storeSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('sqlite').describe('A database file; one process at a time'),
    path: z.string().min(1).describe('The file; its folder is made where it is missing'),
  }),
  z.strictObject({
    type: z.literal('postgres').describe('A PostgreSQL database (13 or later), which any number of processes share'),
    url: secretRef.describe('Where: `postgres://user:password@host:5432/database?sslmode=verify-full`'),
    schema: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,39}$/, 'expected a name of lower-case letters, digits and underscores, at most 40')
      .default('onetrigger')
      .describe('Schema of the tables; made where it is missing'),
    connections: z
      .int()
      .min(2)
      .max(100)
      .default(10)
      .describe('Most connections of one process, beside one that listens'),
  }),
  z.strictObject({
    type: z
      .literal('dynamodb')
      .describe('A table of Amazon DynamoDB, which one process at a time has; credentials come as AWS tools take them'),
    table: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{3,255}$/, 'expected the name of a table: 3 to 255 letters, digits, "_", "." and "-"')
      .describe('Name of the table, with the keys `pk` and `sk`; `onetrigger deploy aws` makes it'),
    region: z.string().min(1).optional().describe('AWS region; by default AWS_REGION or the profile decides'),
  }),
  z.strictObject({ type: z.literal('memory').describe('Nothing survives the process') }),
])

/** The whole of `onetrigger.yaml`; the one place where an option is written down. Durations are milliseconds after parsing. */
export const configSchema = z.strictObject({
  sources: z
    .record(name, oneOf(Object.values(sources).map(sourceSchema)))
    .describe('Storages that are watched, by name'),
  triggers: z.record(name, trigger).default({}).describe('What to watch for and whom to tell, by name'),
  targets: z
    .record(name, oneOf(Object.values(targets).map(targetSchema)))
    .default({})
    .describe('Where events go, by name'),
  notices: z
    .strictObject({
      deliver: z.array(z.string()).min(1).describe('Names of the targets that are told'),
      events: z
        .array(z.enum(noticeTypes))
        .min(1)
        .default([...noticeTypes])
        .describe('What they are told of'),
    })
    .optional()
    .describe("OneTrigger's own events: targets and deliveries that fail, stalled files, gaps"),
  egress: z
    .strictObject({
      allow: z.array(host).min(1).optional().describe('Where given, targets connect to nothing else'),
      deny: z.array(host).default([]).describe('Never connected to, even where `allow` has it'),
    })
    .optional()
    .describe('Hosts that targets may connect to: addresses, CIDR ranges, names or `*.example.org`'),
  store: storeSchema
    .optional()
    .describe('Where state is kept; by default a file in `$XDG_STATE_HOME/onetrigger` (`~/.local/state/onetrigger`)'),
  http: z
    .strictObject({ listen: listen.describe('Address of `/livez`, `/readyz` and `/metrics`: HOST:PORT') })
    .optional()
    .describe('Health and metrics; by default they are served nowhere'),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('What is written at least'),
      format: z.enum(['json', 'pretty']).optional().describe('By default `pretty` on a terminal, else `json`'),
    })
    .prefault({})
    .describe('The log on standard error'),
  exitAfterFailures: z
    .int()
    .min(1)
    .optional()
    .describe('End with exit code 1 when the provider failed so many times in a row; by default never'),
})

/** The configuration as the schema gives it. */
export type ParsedConfig = z.output<typeof configSchema>

/** JSON Schema of `onetrigger.yaml`, for editors. */
export function configJsonSchema(): object {
  return { title: 'onetrigger.yaml', ...z.toJSONSchema(configSchema, { io: 'input' }) }
}

function sourceSchema({ type, schema }: { readonly type: string; readonly schema: z.ZodObject }) {
  return schema.safeExtend({ type: z.literal(type).describe('Kind of source') })
}

function targetSchema({ type, schema }: { readonly type: string; readonly schema: z.ZodObject }) {
  return schema.safeExtend({ type: z.literal(type).describe('Kind of target'), ...everyTarget })
}

function oneOf<Schema extends z.ZodObject>([first, ...rest]: readonly Schema[]) {
  if (first === undefined) throw new Error('a registry of adapters is empty')
  return z.discriminatedUnion('type', [first, ...rest])
}

/** Text that `parse` understands; where it gives null, what was expected is said. */
function textAs<T>(parse: (text: string) => T | null, expected: string) {
  return z.string().transform((text, context): T => {
    const value = parse(text)
    if (value !== null) return value
    context.issues.push({ code: 'custom', message: expected, input: text })
    return z.NEVER
  })
}

/** Without slashes at the ends and without empty segments. */
function parseFolder(text: string): string | null {
  const segments = text.split('/').filter((segment) => segment !== '')
  return segments.some((segment) => segment === '.' || segment === '..') ? null : segments.join('/')
}

function parseXattr(text: string): { readonly key: string; readonly value: string | null } | null {
  const cut = text.indexOf('=')
  const key = cut < 0 ? text : text.slice(0, cut)
  return key === '' ? null : { key, value: cut < 0 ? null : text.slice(cut + 1) }
}

function parseExisting(text: string): ExistingPolicy | null {
  if (text === 'ignore' || text === 'fire') return { kind: text }
  const since = /^since:(\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?)$/.exec(text)?.[1]
  // A date alone is its first moment in UTC.
  const timeMs = Date.parse(since ?? '')
  return Number.isNaN(timeMs) ? null : { kind: 'since', timeMs }
}

function parseListen(text: string): { readonly host: string; readonly port: number } | null {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  return host === undefined || port > 65_535 ? null : { host, port }
}
