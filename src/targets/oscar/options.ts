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
            .strictObject({
              username: z.string().describe('User, with `password`'),
              password: secretRef.describe('Password, with `username`'),
            })
            .describe('User and password of the cluster'),
        }),
        z.strictObject({ bearer: secretRef.describe('OIDC access token; a file is read again when it changes') }),
      ])
      .optional()
      .describe('How to ask the cluster for the token of the service, and what became of jobs'),
    mode: z
      .enum(['event', 'stage'])
      .default('event')
      .describe(
        '`event` starts a job; `stage` copies the file into the MinIO input of the service, which starts one by itself',
      ),
    minio: z
      .strictObject({
        endpoint: z.url({ protocol: /^https?$/ }).describe('Address of MinIO'),
        path: z
          .string()
          .regex(/^[^/]+\/[^/]/, 'a bucket and a folder in it, as bucket/folder')
          .describe('Bucket and folder, as the input of the service names them'),
        region: z.string().min(1).default('us-east-1').describe('Region that requests are signed for'),
        accessKey: secretRef.describe('Access key'),
        secretKey: secretRef.describe('Secret key'),
      })
      .optional()
      .describe('Where files are staged. OSCAR before 3.5 tells it itself, where there is a `login`'),
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
  .refine(
    ({ token, login, minio, mode }) => login !== undefined || (mode === 'event' ? token : minio) !== undefined,
    'needs `login`, or `token` (mode event) or `minio` (mode stage)',
  )

export type OscarOptions = z.output<typeof oscarOptions>
