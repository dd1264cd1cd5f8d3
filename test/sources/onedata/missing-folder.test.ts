import { expect, it } from 'vitest'
import { type Log, silentLog } from '../../../src/lib/log.ts'
import type { Provider } from '../../../src/sources/onedata/provider.ts'
import { Scanner } from '../../../src/sources/onedata/scanner.ts'
import { sockets } from '../../../src/sources/onedata/sockets.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function never(): never {
  throw new Error('this is not asked for')
}

/** A provider on which no folder exists. */
const withoutFolder: Provider = {
  id: 'provider',
  version: '25.0',
  connection: {
    origin: 'http://127.0.0.1:1',
    network: sockets,
    ca: null,
    insecure: false,
    proxy: null,
    token: never,
    refreshToken: never,
  },
  hasEvents: never,
  hasChanges: never,
  serverTime: async () => null,
  directoryId: async () => null,
  list: async () => null,
  listDirectory: never,
  readable: async () => {},
  read: never,
  close: async () => {},
}

it('says once a minute that a folder does not exist', async () => {
  const clock = new FakeClock()
  const said: [object, string][] = []
  const log: Log = { ...silentLog, info: (fields, message) => said.push([fields, message]) }
  const meter = { call: never, reconnect: never, streamOpen: never, gap: never }
  const deps = { name: 'onedata', clock, random: () => 0.5, log, meter, secret: never }
  const needs = { folders: ['later'], xattrs: [], holes: false }
  const sink = { push: async () => {}, known: async () => new Map() }
  const scanner = new Scanner({ id: 'space', name: 'Gamma' }, needs, sink, deps)

  for (let second = 0; second <= 120; second += 10) {
    await scanner.scan(withoutFolder, new AbortController().signal)
    await clock.advance(10_000)
  }

  const line = [{ space: 'Gamma', folders: ['later'] }, 'the folder does not exist; waiting for it']
  expect(said).toEqual([line, line, line])
})
