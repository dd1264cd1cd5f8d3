import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../../architecture/repository.ts'
import { installPython, python } from '../../support/python.ts'

/** Where each program comes from; a suite without it fails with these words. */
const origins = {
  promtool: "Debian's package prometheus",
  'systemd-analyze': 'systemd 250 or newer',
} as const

/** What a program printed, and how it ended. */
export interface Ended {
  readonly status: number | null
  /** Standard output, then standard error. */
  readonly output: string
}

/** Runs a program of the machine in a folder of the repository. */
export function runTool(name: keyof typeof origins, args: readonly string[], folder = '.'): Ended {
  return run(name, args, folder, `this suite needs ${name}: install ${origins[name]}`)
}

const cache = join(root, 'node_modules', '.cache', 'onetrigger')

/** Runs actionlint, built from its Go module once. */
export function runActionlint(args: readonly string[]): Ended {
  const binary = join(cache, 'actionlint')
  if (!existsSync(binary)) buildActionlint()
  return run(binary, args, '.', 'actionlint was built and is gone')
}

function buildActionlint(): void {
  mkdirSync(cache, { recursive: true })
  try {
    execFileSync('go', ['install', 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.7'], {
      env: { ...process.env, GOBIN: cache, GOFLAGS: '-mod=mod' },
      stdio: 'inherit',
    })
  } catch (cause) {
    throw new Error('this suite builds actionlint: it needs Go 1.18 or newer and a Go module proxy', { cause })
  }
}

/** Runs cfn-lint, from the Python package index. */
export function runCfnLint(args: readonly string[]): Ended {
  installPython(join(import.meta.dirname, 'requirements.txt'))
  return run(join(dirname(python), 'cfn-lint'), args, '.', 'cfn-lint was installed and is gone')
}

function run(program: string, args: readonly string[], folder: string, missing: string): Ended {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd: join(root, folder), encoding: 'utf8' })
  if (error !== undefined) throw new Error(missing, { cause: error })
  return { status, output: `${stdout}${stderr}` }
}
