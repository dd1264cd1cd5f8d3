#!/usr/bin/env node
import { existsSync } from 'node:fs'
// As a whole: a Node that is too old lacks some of its names, and is to hear of that below.
import nodeModule from 'node:module'

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
if (existsSync(source)) await import(source.href)
else {
  keepCompiledCode()
  await import(new URL('../dist/cli/main.js', import.meta.url).href)
}

/** The next start finds what this one compiles. In a folder of the user's own, for what lies there is run; where there is none, all goes on without. */
function keepCompiledCode() {
  const { XDG_CACHE_HOME, HOME } = process.env
  const caches = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : HOME?.startsWith('/') ? `${HOME}/.cache` : null
  if (caches !== null) nodeModule.enableCompileCache(`${caches}/onetrigger`)
}
