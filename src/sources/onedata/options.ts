import { z } from 'zod'
import { duration, secretRef } from '../../lib/fields.ts'

/** An interval or a time-out: a duration longer than nothing. */
const interval = duration.refine((ms) => ms > 0, 'must be longer than 0')

/** Requests to the provider, streams not counted. */
const limits = z.strictObject({
  concurrency: z.int().min(1).max(64).default(4).describe('Most requests under way at once'),
  perSecond: z.number().positive().max(1_000).default(20).describe('Most requests per second, averaged over a second'),
})

/** What can be said about an Onedata source (beside `type`). Durations are milliseconds after parsing. */
export const onedataOptions = z
  .strictObject({
    host: z
      .string()
      .refine((host) => originOf(host) !== null, 'expected a host, host:port or URL without a path')
      .optional()
      .describe('Oneprovider to watch: host, host:port or URL; https unless it says http://. Either this or `zone`'),
    zone: z
      .string()
      .refine((zone) => originOf(zone) !== null, 'expected a host, host:port or URL without a path')
      .optional()
      .describe(
        'Onezone to ask for a provider of the space; another one is used while that is down. Either this or `host`',
      ),
    token: secretRef.describe('Where the access token is; read again when the provider refuses it'),
    insecure: z.boolean().default(false).describe('Accept any TLS certificate (for tests only)'),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe('File with the certificates (PEM) to trust instead of the public authorities'),
    proxy: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('HTTP proxy to go through, as a URL; by default HTTPS_PROXY, HTTP_PROXY and NO_PROXY decide'),
    via: z
      .enum(['auto', 'events', 'changes', 'poll'])
      .default('auto')
      .describe(
        'How changes are noticed: `auto` takes the first of events, changes and poll that the provider and the token allow',
      ),
    pollInterval: interval.prefault('10s').describe('Time between two listings where the folder is polled'),
    reconcileInterval: interval
      .prefault('10m')
      .describe('Time between two full listings that repair what a stream missed'),
    limits: limits.prefault({}).describe('How much is asked of the provider at most'),
    requestTimeout: interval.prefault('60s').describe('One request, its answer included, may take this long'),
    watchdog: interval
      .prefault('6m')
      .describe('A stream without a byte for this long is cut and opened again (providers cut it after 5 minutes)'),
  })
  .refine((options) => (options.host === undefined) !== (options.zone === undefined), {
    error: 'name either the `host` of a provider or the `zone`',
    path: ['host'],
  })

/** Options of an Onedata source after parsing. */
export type OnedataOptions = z.output<typeof onedataOptions>

/** `https://host[:port]` of a host, host:port or http(s) URL; null where it is none of these, or more than that. */
export function originOf(host: string): string | null {
  const url = URL.parse(/^[a-z]+:\/\//i.test(host) ? host : `https://${host}`)
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') return null
  const isBare =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  return isBare ? url.origin : null
}
