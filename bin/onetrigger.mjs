#!/usr/bin/env node
import { existsSync } from 'node:fs'

const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(`onetrigger needs Node 24 or newer; this is ${process.versions.node}`)
  process.exit(1)
}
// The first process of a container gets a signal only where somebody listens; until `run` does, it ends as any other process would.
if (process.pid === 1) {
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    process.on(name, () => process.listenerCount(name) > 1 || process.exit(code))
  }
}
// A checkout runs its source as it is; the published package holds only what the build made of it.
const source = new URL('../src/cli/main.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href)
