import { expect, it } from 'vitest'
import { silentLog } from '../../../src/lib/log.ts'
import { fixedSecret } from '../../../src/lib/secret.ts'
import { silentSourceMeter } from '../../../src/sources/define.ts'
import { createClient } from '../../../src/sources/onedata/client.ts'
import { createContext } from '../../../src/sources/onedata/provider-context.ts'
import { sockets } from '../../../src/sources/onedata/sockets.ts'
import { dialectOf, parseVersion } from '../../../src/sources/onedata/versions.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const deps = {
  name: 'hub',
  clock: new FakeClock(),
  random: () => 0.5,
  log: silentLog,
  meter: silentSourceMeter,
  secret: () => fixedSecret('token'),
}

function aContext() {
  const connection = {
    ...{ origin: 'http://127.0.0.1:1', network: sockets, ca: null, insecure: false, proxy: null },
    token: () => 'token',
    refreshToken: () => 'token',
  }
  const limits = { concurrency: 4, perSecond: 20 }
  const client = createClient({ connection, root: '', limits, requestTimeoutMs: 1_000 }, deps)
  const dialect = dialectOf(parseVersion('25.0'))
  return createContext({ id: 'p', client, deps, dialect, concurrency: 4, readBudget: 100 })
}

it('takes room for what it read of files only where a provider makes it read them one by one', () => {
  const held = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
  const before = held()

  const contexts = Array.from({ length: 100 }, aContext)

  // 100,000 entries of room take some 3 MB each.
  expect(held() - before).toBeLessThan(50 * 1_048_576)
  const [first] = contexts
  first?.remembered.set('f', { fileId: 'f', name: 'a', path: null, type: 'file', facts: {} })
  expect(first?.remembered.get('f')?.name).toBe('a')
})
