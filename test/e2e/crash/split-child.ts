// OneTrigger with a store that breaks its promise (see split-commit.ts), to show that the harness sees it:
//   node split-child.ts run --config FILE --log-level LEVEL
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createBridge } from '../../../src/app/bridge.ts'
import { openStore } from '../../../src/app/open-store.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { createSecrets } from '../../../src/config/secrets.ts'
import { createSystemClock } from '../../../src/lib/clock.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { splitCommit } from './split-commit.ts'

const { values } = parseArgs({
  options: { config: { type: 'string' }, 'log-level': { type: 'string' } },
  allowPositionals: true,
})
const flags = { config: values.config, logLevel: values['log-level'] }
const readFile = (path: string) => readFileSync(path, 'utf8')
const config = loadConfig({ flags, env: process.env, home: '/', isTerminal: false, readFile })
const log = createLogger({ ...config.log, write: (text) => process.stderr.write(text) })
const clock = createSystemClock()
const whole = await openStore(config.store, { clock, log })
const store = splitCommit(whole, process.env.SPLIT_FIRST === 'cursor' ? 'cursor' : 'states')
const { meters } = createMetrics({ store, clock, parts: () => ({}), version: 'split' })
const deps = { store, clock, log, meters, random: Math.random, secret: createSecrets(), holder: randomUUID() }
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
await createBridge(config, { ...deps, isReload: false }).run(stop.signal, new AbortController().signal)
await whole.close()
