import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { onedataOptions, originOf } from '../../../src/sources/onedata/options.ts'

const token = { env: 'ONEDATA_ACCESS_TOKEN' }

describe('options of an Onedata source', () => {
  it('need an address and a token only', () => {
    expect(onedataOptions.parse({ host: 'p.example.org', token })).toEqual({
      host: 'p.example.org',
      token,
      insecure: false,
      via: 'auto',
      pollInterval: 10_000,
      reconcileInterval: 600_000,
      limits: { concurrency: 4, perSecond: 20 },
      requestTimeout: 60_000,
      watchdog: 360_000,
    })
  })

  it.each([
    ['both addresses', { host: 'a', zone: 'b', token }],
    ['no address', { token }],
    ['no token', { host: 'a' }],
    ['a token in the open', { host: 'a', token: 'MDAx' }],
    ['a path in the address', { host: 'https://a/api', token }],
    ['a password in the address', { host: 'https://u:p@a', token }],
    ['a number for a duration', { host: 'a', token, pollInterval: 10 }],
    ['no interval at all', { host: 'a', token, pollInterval: '0s' }],
    ['no requests at all', { host: 'a', token, limits: { perSecond: 0 } }],
    ['an unknown key', { host: 'a', token, tokn: 1 }],
    ['a proxy that is none', { host: 'a', token, proxy: 'socks://p' }],
  ])('refuse %s', (_, options) => {
    expect(onedataOptions.safeParse(options).success).toBe(false)
  })

  it('are described, every one', () => {
    const schema = z.toJSONSchema(onedataOptions, { io: 'input' })

    const undescribed = Object.entries(schema.properties ?? {}).filter(
      ([, option]) => typeof option === 'boolean' || option.description === undefined,
    )

    expect(undescribed).toEqual([])
  })
})

describe('an address', () => {
  it.each([
    ['p.example.org', 'https://p.example.org'],
    ['p.example.org:8443', 'https://p.example.org:8443'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000'],
    ['https://p.example.org/', 'https://p.example.org'],
    ['[::1]:443', 'https://[::1]'],
    ['ftp://p.example.org', null],
    ['p.example.org/x', null],
    ['p.example.org?x', null],
    ['', null],
    ['a b', null],
  ])('%s is %s', (host, origin) => {
    expect(originOf(host)).toBe(origin)
  })
})
