import { defineConfig } from 'vitest/config'

// Suites that need more than npm: each says what is missing. `npm test` does not run them, `.ci/run` does. Building MinIO takes minutes, once.
export default defineConfig({
  test: {
    include: ['test/{shells,aws,minio,postgres,kubernetes,image,deploy/tools,chart/helm}/**/*.test.ts'],
    // Golden files are written where somebody asks for it, with --update.
    update: 'none',
    testTimeout: 120_000,
    hookTimeout: 800_000,
  },
})
