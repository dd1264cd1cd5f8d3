import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { secretsIn } from '../../src/config/secret-refs.ts'
import { secretRef } from '../../src/lib/fields.ts'

const schema = z.strictObject({
  token: secretRef.describe('a copy of the schema'),
  url: z.union([z.url(), secretRef]).optional(),
  headers: z.record(z.string(), z.union([z.string(), secretRef])).default({}),
  keys: z.array(secretRef).prefault([]),
  labels: z.record(z.string(), z.string()).optional(),
  login: z
    .strictObject({ password: secretRef })
    .transform(({ password }) => password)
    .nullable()
    .optional(),
})

describe('secrets in a configuration', () => {
  it('are found wherever the schema has them, with their places', () => {
    const input = {
      token: { env: 'A' },
      url: { file: '/b' },
      headers: { authorization: { env: 'C' }, accept: 'text/plain' },
      keys: [{ env: 'D' }, { file: '/e' }],
      login: { password: { env: 'F' } },
    }

    expect(secretsIn(schema, input)).toEqual([
      { path: ['token'], ref: { env: 'A' } },
      { path: ['url'], ref: { file: '/b' } },
      { path: ['headers', 'authorization'], ref: { env: 'C' } },
      { path: ['keys', 0], ref: { env: 'D' } },
      { path: ['keys', 1], ref: { file: '/e' } },
      { path: ['login', 'password'], ref: { env: 'F' } },
    ])
  })

  it('are not what only looks like one', () => {
    expect(
      secretsIn(schema, { url: 'https://example.org', labels: { env: 'production' }, headers: { env: 'x' } }),
    ).toEqual([])
  })

  it.each([null, undefined, 5, 'text', [], { token: { evn: 'A' } }, { headers: 5, keys: {} }])(
    'are none in %j, which the schema refuses',
    (input) => {
      expect(secretsIn(schema, input)).toEqual([])
    },
  )
})
