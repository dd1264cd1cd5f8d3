import { posix } from 'node:path'
import type { Files } from './repository.ts'

/**
 * Who may import whom: the folder (or, among adapters, the adapter) on the left may import its own files and what begins like something on the
 * right, below `src/`. Data flows one way: nothing left of the store knows targets, nothing right of it knows sources.
 */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  core: ['lib/'],
  formats: ['core/', 'lib/'],
  'sources/define.ts': ['core/', 'lib/'],
  'sources/registry.ts': ['sources/'],
  'sources/*': ['core/', 'lib/', 'sources/define.ts'],
  'targets/define.ts': ['core/', 'lib/', 'targets/http/'],
  'targets/registry.ts': ['targets/'],
  'targets/aws': ['core/', 'lib/', 'targets/define.ts'],
  'targets/http': ['core/', 'lib/'],
  'targets/*': ['core/', 'lib/', 'formats/', 'targets/define.ts', 'targets/aws/', 'targets/http/'],
  store: ['core/', 'lib/'],
  pipeline: ['core/', 'lib/', 'store/store.ts'],
  delivery: ['core/', 'lib/', 'store/store.ts'],
  http: ['core/', 'lib/'],
  observability: ['core/', 'lib/', 'sources/define.ts', 'pipeline/meter.ts', 'delivery/meter.ts', 'store/store.ts'],
  config: ['core/', 'lib/', 'sources/registry.ts', 'sources/define.ts', 'targets/registry.ts', 'targets/define.ts'],
  simulator: ['core/', 'lib/'],
  deploy: ['config/', 'core/', 'lib/'],
  app: [
    'core/',
    'lib/',
    'config/',
    'delivery/',
    'formats/',
    'http/',
    'observability/',
    'pipeline/',
    'sources/',
    'store/',
    'targets/',
  ],
  lambda: ['app/', 'config/', 'core/', 'delivery/meter.ts', 'lib/', 'pipeline/meter.ts', 'sources/define.ts', 'store/'],
  cli: ['app/', 'config/', 'core/', 'deploy/', 'lib/', 'observability/', 'simulator/'],
}

/** What the core may use from outside: a hash and a glob are functions without side effects. */
const pureModules = new Set(['node:crypto', 'picomatch'])

interface Import {
  readonly from: string
  /** A path below the root for our own files, else the specifier as it stands. */
  readonly to: string
}

/** Import and re-export declarations and dynamic imports; types too, for knowing a type is knowing the module. */
export function importsOf(path: string, text: string): readonly Import[] {
  const code = withoutComments(text)
  const specifiers = [
    ...code.matchAll(/^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g),
  ].map((match) => match[1] ?? '')
  return specifiers.map((specifier) => ({
    from: path,
    to: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier,
  }))
}

/** The text without block comments and without line comments that follow a blank or start a line. Good enough for our own style. */
export function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1')
}

/** Imports inside `src/` that the table does not allow, as sentences. */
export function forbiddenImports(files: Files): readonly string[] {
  return ownImports(files).flatMap(({ from, to }) => {
    const [source, target] = [unitOf(from), unitOf(to)]
    if (to === 'src/index.ts') return [`${from} imports src/index.ts, which is for users of the package only`]
    if (source === target || isEntry(from)) return []
    const allowed = allowedImports[source] ?? allowedImports[source.replace(/\/.*$/, '/*')]
    if (allowed === undefined) return [`${from}: "${source}" has no line in the table of allowed imports`]
    return allowed.some((prefix) => to.startsWith(`src/${prefix}`)) ? [] : [`${from} must not import ${to}`]
  })
}

/** Imports of the core that could have a side effect. */
export function impureCoreImports(files: Files): readonly string[] {
  return allImports(files)
    .filter(({ from, to }) => from.startsWith('src/core/') && !to.startsWith('src/') && !pureModules.has(to))
    .map(({ from, to }) => `${from} must not import ${to}: the core has no side effects`)
}

/** Circles of folders: each as `a -> b -> a`. */
export function folderCycles(files: Files): readonly string[] {
  const edges = new Map<string, Set<string>>()
  for (const { from, to } of ownImports(files)) {
    if (unitOf(from) !== unitOf(to)) edges.set(unitOf(from), (edges.get(unitOf(from)) ?? new Set()).add(unitOf(to)))
  }
  const found = new Set<string>()
  const done = new Set<string>()
  const visit = (unit: string, way: readonly string[]) => {
    const seenAt = way.indexOf(unit)
    if (seenAt >= 0) return void found.add([...way.slice(seenAt), unit].join(' -> '))
    if (done.has(unit)) return
    for (const next of edges.get(unit) ?? []) visit(next, [...way, unit])
    done.add(unit)
  }
  for (const unit of edges.keys()) visit(unit, [])
  return [...found]
}

function allImports(files: Files): readonly Import[] {
  return [...files].flatMap(([path, text]) => importsOf(path, text))
}

function ownImports(files: Files): readonly Import[] {
  return allImports(files).filter(({ to }) => to.startsWith('src/'))
}

/** The first folder below `src/`; among adapters the second name, so that one adapter cannot import another. */
function unitOf(path: string): string {
  const [, first = '', second = ''] = path.split('/')
  return first === 'sources' || first === 'targets' ? `${first}/${second}` : first
}

/** The public face of the package re-exports what it likes. */
function isEntry(path: string): boolean {
  return path === 'src/index.ts'
}
