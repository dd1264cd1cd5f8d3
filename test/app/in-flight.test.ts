import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createBridge } from '../../src/app/bridge.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fixedSecret } from '../../src/lib/secret.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { aCommandTarget } from '../support/bridge.ts'
import { aConfig, anEvent } from '../support/builders.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

it('attempts of the bridge before a reload count as under way until they end, beside those of the next', async () => {
  const [clock, folder] = [createSystemClock(), tempDir()]
  const store = createMemoryStore(clock)
  const metrics = createMetrics({ store, clock, parts: () => ({}), version: 'test' })
  const run = (mayEnd: string, isReload: boolean) => {
    const wait = `while [ ! -e ${join(folder, mayEnd)} ]; do sleep 0.05; done`
    const targets = new Map([['local', aCommandTarget(['sh', '-c', wait], 60_000)]])
    const bridge = createBridge(aConfig({ targets }), {
      ...{ store, clock, meters: metrics.meters, log: silentLog, random: () => 0.5, holder: 'me', isReload },
      secret: () => fixedSecret('none'),
    })
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    return { stop, ended: bridge.run(stop.signal, new AbortController().signal) }
  }
  const areUnderWay = (count: number) =>
    waitFor(`${count} are told of`, async () =>
      (await metrics.text()).includes(`onetrigger_deliveries_in_flight{target="local"} ${count}\n`),
    )

  await store.settle([], [{ event: anEvent({ id: 'evt_1', fileId: 'f1' }), targets: ['local'] }])
  const first = run('first', false)
  await areUnderWay(1)
  first.stop.abort()
  await store.settle([], [{ event: anEvent({ id: 'evt_2', fileId: 'f2' }), targets: ['local'] }])
  const second = run('second', true)
  await areUnderWay(2)
  writeFileSync(join(folder, 'first'), '')
  await first.ended
  await areUnderWay(1)

  writeFileSync(join(folder, 'second'), '')
  second.stop.abort()
  await second.ended
  expect(await metrics.text()).toContain('onetrigger_deliveries_in_flight{target="local"} 0\n')
})
