import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

// Each file has a process of its own, and many start OneTrigger: compiled code is kept for the next one, which saves a quarter of the processor time.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'compiled')

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/{peers,shells,aws,minio,postgres,kubernetes,image}/**',
      'test/deploy/tools/**',
      'test/chart/helm/**',
    ],
    // Most of the time tests wait for processes and windows to end: on two cores vitest would by itself run one file after the other.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: ['default'],
  },
})
