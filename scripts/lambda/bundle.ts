import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sources = join(root, 'src')
const require = createRequire(import.meta.url)

/** How both bundles are made: that of the package, and that of the scheduled function. */
export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  // undici leaves its experimental parser out of bundles that define it.
  define: { esbuildDetection: 'true' },
  // For what is written in CommonJS.
  banner: {
    js: "import{createRequire as bundleRequire}from'node:module';const require=bundleRequire(import.meta.url);",
  },
} as const satisfies BuildOptions

/**
 * Makes the scheduled function's bundle: `handler.mjs`, which a run needs, and chunks beside it that are loaded where they are used (clients of AWS). Nothing
 * has to be installed beside it.
 */
export async function bundleFunction(outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    ...bundleOptions,
    entryPoints: ['src/lambda/handler.ts'],
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    mainFields: ['module', 'main'],
    metafile: true,
    plugins: [builtinsAsTheyAre, partsOfUndici, oneLanguageOfZod, withoutTables, partsOfSdk, usedSchemas],
  })
  return metafile
}

/**
 * Node's own modules, asked for as CommonJS does. An `import` of one reads each of its properties at once, and `WebSocket` of `node:http` makes Node load a
 * whole HTTP client of its own: 50 ms of a profile and 2 MB that nobody uses.
 */
export const builtinsAsTheyAre: Plugin = {
  name: 'builtins as they are',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin', sideEffects: false } : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}

/** The compilers of schemas, which no route has, and what only tests ask for. */
export const partsOfFastify: Plugin = {
  name: 'parts of fastify',
  setup: ({ onResolve, onLoad }) => {
    onResolve(
      { filter: /^(@fastify\/ajv-compiler|@fastify\/fast-json-stringify-compiler|light-my-request)$/ },
      ({ path }) => ({ path, namespace: 'left out' }),
    )
    onLoad({ filter: /.*/, namespace: 'left out' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not part of the bundle`)})`,
    }))
  },
}

/** The package's entry loads all of it: mocks, caches, WebSocket, its own fetch. */
export const partsOfUndici: Plugin = {
  name: 'parts of undici',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'parts' }))
    onLoad({ filter: /^undici$/, namespace: 'parts' }, () => ({
      // `connect` is what a proxy is asked for a tunnel by.
      // As an ES module: what the source needs and this lacks ends the build, and not the process some day.
      contents: `
        import Dispatcher from 'undici/lib/dispatcher/dispatcher.js'
        import connect from 'undici/lib/api/api-connect.js'
        import request from 'undici/lib/api/api-request.js'
        import errors from 'undici/lib/core/errors.js'
        Object.assign(Dispatcher.prototype, { connect, request })
        export { errors }
        export { default as Client } from 'undici/lib/dispatcher/client.js'
        export { default as Pool } from 'undici/lib/dispatcher/pool.js'
        export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js'`,
      resolveDir: root,
    }))
  },
}

/** Its messages are in English. */
export const oneLanguageOfZod: Plugin = {
  name: 'one language of zod',
  setup: ({ onLoad }) => {
    onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
      resolveDir: join(root, 'node_modules', 'zod', 'v4', 'locales'),
    }))
  },
}

/** Profiles, single sign-on, metadata services: a function has its credentials in its environment. */
const leftOut =
  /^(bowser|supports-color|@aws-sdk\/credential-provider-(sso|ini|process|login|web-identity|http)|@smithy\/credential-provider-imds)$/

/** Left empty: names of browsers, colours, other ways to credentials, a parser for processors older than any of Lambda's. */
const withoutTables: Plugin = {
  name: 'without tables',
  setup: ({ onLoad, onResolve }) => {
    onLoad({ filter: /llhttp-wasm\.js$/ }, () => ({ contents: '' }))
    onResolve({ filter: leftOut }, ({ path }) => ({ path, namespace: 'empty' }))
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'export default {}' }))
  },
}

/** A client of AWS has hundreds of commands; only those that the source names anywhere are taken, and only where it is loaded at run time. */
const partsOfSdk: Plugin = {
  name: 'parts of the SDK',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^@aws-sdk\/client-/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, namespace: 'sdk' } : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'sdk' }, ({ path }) => {
      // What a package exports is known to be an object.
      const exported = Object.keys(require(path) as object)
      const used = exported.filter((name) => /.(Client|Command)$/.test(name) && words().has(name))
      return { contents: `export { ${used.join(', ')} } from '${path}'`, resolveDir: root }
    })
  },
}

/**
 * A client of AWS describes all it can say in one file. Its errors need no classes (ours look at names only, which the base class has, too), and a shape that
 * nobody uses is left out once it is known to have no effect.
 */
const usedSchemas: Plugin = {
  name: 'used schemas',
  setup: ({ onLoad }) => {
    onLoad({ filter: /@aws-sdk[\\/]client-[\w-]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8')
        .replaceAll(/^n0_registry\.registerError\(.*\);$/gm, '')
        .replaceAll(
          /^((?:export )?var \w+\$? = )(\[[\s\S]*?\]);$/gm,
          (_, before: string, shape: string) => `${before}/* @__PURE__ */ (() => ${shape})();`,
        ),
    }))
  },
}

let known: ReadonlySet<string> | null = null

/** Every identifier in the source. */
function words(): ReadonlySet<string> {
  known ??= new Set(
    readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => readFileSync(join(sources, path), 'utf8').match(/\w+/g) ?? []),
  )
  return known
}
