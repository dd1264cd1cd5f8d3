import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin, transform } from 'esbuild'
import { builtinsAsTheyAre, bundleOptions, oneLanguageOfZod, partsOfFastify, partsOfUndici } from './lambda/bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Makes the program that the package holds: few files in place of a thousand, with the parts of the libraries that are used. Started from the thousand it
 * takes two thirds more of the processor, and 15 MB more memory for as long as it runs (mostly their text).
 */
export async function bundleProgram(outdir: string): Promise<void> {
  await build({
    ...bundleOptions,
    entryPoints: ['src/cli/main.ts'],
    outdir,
    outbase: 'src',
    chunkNames: 'chunks/[name]-[hash]',
    // Loaded only where they are used; pino finds files of its own.
    external: ['@aws-sdk/*', 'pg', 'pg-connection-string', 'pino', 'selfsigned'],
    plugins: [builtinsAsTheyAre, ownCode, partsOfFastify, partsOfUndici, oneLanguageOfZod],
  })
  // By itself: what it shared with the program would be more files for each start to read.
  await build({
    ...bundleOptions,
    entryPoints: ['src/targets/http/thread/entry.ts'],
    outdir,
    outbase: 'src',
    plugins: [builtinsAsTheyAre, ownCode, partsOfUndici],
  })
}

/** Our own names stay, for they stand in errors and stack traces. A file that looks for others from its own place finds itself where `src` has it. */
const ownCode: Plugin = {
  name: 'own code',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const place = relative(join(root, 'src'), path).replaceAll('\\', '/')
      // Every output lies two folders below the package: dist/cli or dist/chunks.
      const there = `new URL(${JSON.stringify(`../${place}`)}, import.meta.url).href`
      const text = readFileSync(path, 'utf8').replaceAll('import.meta.url', there)
      const { code } = await transform(text, { loader: 'ts', target: 'node24', keepNames: true, sourcefile: path })
      return { contents: code, loader: 'js' }
    })
  },
}
