// Loaded before OneTrigger's own program (`node --import`): at SIGUSR2 the process collects its garbage and writes down what it holds.
import { appendFileSync, readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Vitals, vitalsVariable } from './vitals.ts'

const file = process.env[vitalsVariable]
setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

process.on('SIGUSR2', () => {
  if (typeof collect === 'function') collect()
  const { rss, heapUsed, external } = process.memoryUsage()
  const vitals: Vitals = { rss, heap: heapUsed + external, descriptors: readdirSync('/proc/self/fd').length }
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(vitals)}\n`)
})
