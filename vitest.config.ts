import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

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
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: ['default'],
  },
})
