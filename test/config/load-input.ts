import { type LoadInput, loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/core/errors.ts'

/** A configuration file `f.yaml` with this text, nothing in the environment but a token and a signing key. */
export function withFile(text: string, overrides: Partial<LoadInput> = {}): LoadInput {
  return {
    flags: { config: 'f.yaml' },
    env: { TOKEN: 'token-value', HOOK_KEY: 'key-value' },
    readFile: () => text,
    home: '/users/ada',
    isTerminal: false,
    ...overrides,
  }
}

/** Flags and environment alone. */
export function withFlags(flags: LoadInput['flags'], env: LoadInput['env'] = {}): LoadInput {
  const readFile = () => {
    throw new Error('no file was named')
  }
  return { flags, env, readFile, home: '/users/ada', isTerminal: false }
}

/** The lines of the error that loading ends in. */
export function problemsOf(input: LoadInput): readonly string[] {
  try {
    loadConfig(input)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  throw new Error('no problem was found')
}

/** A configuration in which everything is in order, as text with two places to put something. */
export function aFile({ trigger = '', rest = '' }: { readonly trigger?: string; readonly rest?: string } = {}): string {
  return [
    'sources:',
    '  datahub: { type: onedata, host: provider.example.org, token: { env: TOKEN } }',
    'targets:',
    '  hook: { type: webhook, url: "https://example.org/hook" }',
    'triggers:',
    '  video:',
    '    watch: { source: datahub, space: Gamma }',
    '    deliver: [hook]',
    trigger,
    rest,
  ].join('\n')
}
