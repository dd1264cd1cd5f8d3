import { z } from 'zod'
import { secretRef } from '../../lib/fields.ts'
import { connectionOptions } from '../http/connections.ts'

/** Options of an OSCAR target beside those that every target has. */
export const oscarOptions = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('Address of the OSCAR cluster'),
    service: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'the name of a service: lower-case letters, digits and hyphens')
      .describe('Service that gets a job for each event'),
    token: secretRef
      .optional()
      .describe(
        'Token of the service. OSCAR makes a new one at each update of the service: with `login` it is fetched',
      ),
    login: z
      .union([
        z.strictObject({
          basic: z
            .strictObject({ username: z.string(), password: secretRef })
            .describe('User and password of the cluster'),
        }),
        z.strictObject({ bearer: secretRef.describe('OIDC access token; a file is read again when it changes') }),
      ])
      .optional()
      .describe('How to ask the cluster for the token of the service, and what became of jobs'),
    event: z
      .enum(['plain', 'delegated'])
      .default('plain')
      .describe('How the event is wrapped: `delegated` for OSCAR 3.5.3 to 3.6.4, which refuse it plain'),
    storageProvider: z
      .string()
      .min(1)
      .default('onedata')
      .describe('Id of the storage provider that a delegated event names'),
    ...connectionOptions,
  })
  .refine(({ token, login }) => token !== undefined || login !== undefined, 'needs `token`, or `login` to fetch it')

export type OscarOptions = z.output<typeof oscarOptions>
