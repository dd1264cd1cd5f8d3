import { withoutComments } from './imports.ts'
import type { Files } from './repository.ts'

/** One thing that must not stand in some files. */
interface Ban {
  readonly what: string
  readonly pattern: RegExp
  /** Paths that begin like one of these may hold it. */
  readonly except: readonly string[]
}

/** Time and chance come in as arguments; only the clock itself and the entry points touch the real ones. */
export const ambientBans: readonly Ban[] = [
  {
    what: 'real time or chance; take a Clock or a Random as an argument',
    pattern:
      /\b(?:setTimeout|setInterval|Date\.now|performance\.now|Math\.random|AbortSignal\.timeout)\b|\bnew Date\(\)|node:timers/,
    except: ['src/lib/clock.ts', 'src/app/serve.ts', 'src/cli/', 'src/lambda/handler.ts', 'src/lambda/log.ts'],
  },
  {
    what: 'process.env; the environment is read in config/env.ts and cli/main.ts only',
    pattern: /\bprocess\.env\b/,
    except: ['src/config/env.ts', 'src/cli/main.ts'],
  },
  {
    what: 'process.exit; only the entry points end the process',
    pattern: /\bprocess\.exit\b/,
    except: ['src/app/serve.ts', 'src/cli/'],
  },
]

/** The core decides; it neither waits, nor asks the time, nor looks at the process. */
export const coreBans: readonly Ban[] = [
  { what: 'a side effect', pattern: /\b(?:process|fetch|setImmediate|queueMicrotask|console)\b\s*[.(]/, except: [] },
]

/** Split so that this file does not hold what it looks for. */
const focused = ['only', 'skip', 'todo'].join('|')

export const testBans: readonly Ban[] = [
  { what: `a module mock; inject a fake instead`, pattern: /\bvi\.(?:mock|doMock|hoisted)\(/, except: [] },
  {
    what: 'a test that does not run, or keeps others from running',
    pattern: new RegExp(`\\b(?:it|test|describe|bench)(?:\\.\\w+)*\\.(?:${focused})\\b`),
    except: [],
  },
]

/** What names a person's machine, or opens a door. */
export const secretBans: readonly Ban[] = [
  { what: 'a path of one machine', pattern: /(?<![\w.~-])\/(?:home|Users|work|root)\/\w/, except: [] },
  { what: 'a private key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\n[\w+/=]{20}/, except: [] },
  { what: 'an AWS key', pattern: /\bAKIA[0-9A-Z]{16}\b/, except: [] },
  { what: 'an Onedata token', pattern: /\bMDAx[\w-]{60,}/, except: [] },
]

/** Split as above. */
const promises = ['TO|DO', 'FIX|ME'].map((word) => word.replace('|', '')).join('|')

/** A promise without the number of an issue will never be kept. */
export const todoBans: readonly Ban[] = [
  {
    what: 'a promise without an issue; its number belongs behind it, as (#12)',
    pattern: new RegExp(`\\b(?:${promises})\\b(?!\\(#\\d+\\))`),
    except: [],
  },
]

/** Every place where a ban is broken, as `path:line holds …`. Comments count only where `comments` says so. */
export function broken(files: Files, bans: readonly Ban[], comments: 'count' | 'ignore' = 'ignore'): readonly string[] {
  return [...files].flatMap(([path, text]) => {
    const code = comments === 'count' ? text : blankComments(text)
    return bans
      .filter(({ except }) => !except.some((prefix) => path.startsWith(prefix)))
      .flatMap(({ what, pattern }) => {
        const match = pattern.exec(code)
        return match === null ? [] : [`${path}:${code.slice(0, match.index).split('\n').length} holds ${what}`]
      })
  })
}

/** As `withoutComments`, but every line stays where it is. */
function blankComments(text: string): string {
  const kept = text.replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
  return withoutComments(kept)
}
