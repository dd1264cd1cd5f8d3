import { defineConfig } from 'vitest/config'

// Needs Python 3 with venv and the Python package index; `npm test` does not run these.
export default defineConfig({
  test: {
    include: ['test/peers/**/*.test.ts'],
    globalSetup: ['test/peers/python.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
})
