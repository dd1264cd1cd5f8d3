import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/{peers,shells,aws,minio,postgres,kubernetes,image}/**',
      'test/deploy/tools/**',
      'test/chart/helm/**',
    ],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: ['default'],
  },
})
