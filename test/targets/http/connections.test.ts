import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { createEgress, EgressError } from '../../../src/lib/egress.ts'
import { Secret, type SecretSource } from '../../../src/lib/secret.ts'
import { Connections } from '../../../src/targets/http/connections.ts'
import { targetDeps } from '../../support/target-deps.ts'

/** Where the receiver is and how it is reached; every part may change while a process runs. */
let now: { url: string; proxy: string | null; ca: string; cert: string; key: string }

beforeEach(() => {
  now = { url: 'http://one.test/a', proxy: null, ca: 'a', cert: 'b', key: 'c' }
})

function connections() {
  const source = (part: 'ca' | 'cert' | 'key'): SecretSource => {
    const get = () => new Secret(now[part])
    return { get, refresh: get }
  }
  const secret = (ref: object) => source('env' in ref ? (ref.env as 'ca' | 'cert' | 'key') : 'ca')
  const egress = createEgress({ allow: ['one.test', 'two.test', 'proxy.test'] })
  const given = { ca: { env: 'ca' }, clientCertificate: { env: 'cert' }, clientKey: { env: 'key' } }
  const made = new Connections(given, { ...targetDeps({ secret, egress }), proxyFor: () => now.proxy })
  onTestFinished(() => made.close())
  return { to: () => made.to(new URL(now.url)) }
}

test('connections are kept while nothing changes but the path', () => {
  const { to } = connections()
  const first = to()
  now.url = 'http://one.test/b?c'
  expect(to()).toBe(first)
})

test.each([
  { url: 'http://two.test/a' },
  { url: 'https://one.test/a' },
  { proxy: 'http://proxy.test:3128' },
  { ca: 'other' },
  { cert: 'other' },
  { key: 'other' },
])('connections are made anew when this changes: %j', (change) => {
  const { to } = connections()
  const first = to()
  Object.assign(now, change)
  const second = to()
  expect(second).not.toBe(first)
  expect(to()).toBe(second)
  expect(first).toMatchObject({ isClosed: true })
  expect(second).toMatchObject({ isClosed: false })
})

test('connections that were there are as good as before where new ones must not be made', () => {
  const { to } = connections()
  const first = to()
  now.proxy = 'http://169.254.169.254:3128'
  expect(to).toThrow(EgressError)
  expect(to).toThrow(EgressError)
  now.proxy = null
  expect(to()).toBe(first)
  expect(first).toMatchObject({ isClosed: false })
})
