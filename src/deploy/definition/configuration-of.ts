import { ConfigError } from '../../core/errors.ts'
import { type FunctionDefinition, type ProviderSettings, splitProvider } from './definition.ts'

/** What a configuration for one definition would say; the token of its source stands apart. */
export interface DerivedConfiguration {
  readonly raw: {
    readonly sources: Readonly<Record<string, unknown>>
    readonly triggers: Readonly<Record<string, unknown>>
    readonly targets: Readonly<Record<string, unknown>>
  }
  /** The token of the definition; null = it has none. */
  readonly token: string | null
}

/**
 * Trigger and target of a definition: the folder of its first Onedata input is watched, and each file starts its job, or its function where it runs in
 * Lambda. Throws `CONFIG_INVALID`.
 */
export function configurationOf(definition: FunctionDefinition): DerivedConfiguration {
  const { name, mode } = definition
  const { settings, folder } = inputOf(definition)
  const { oneprovider_host: host, space, token } = settings
  const lacking = ['oneprovider_host', 'space'].filter((key) => typeof settings[key] !== 'string')
  if (lacking.length > 0) throw invalid(definition, `its Onedata provider lacks ${lacking.join(' and ')}`)
  const label = dnsLabel(name)
  const target =
    mode === 'batch' ? { type: 'batch', queue: name, definition: name } : { type: 'lambda', function: name }
  return {
    raw: {
      sources: { [label]: { type: 'onedata', host } },
      triggers: { [label]: { watch: { source: label, space, folder }, deliver: [label] } },
      targets: { [label]: target },
    },
    token: typeof token === 'string' ? token : null,
  }
}

/** Whether a definition takes files from an Onedata space. */
export function hasOnedataInput({ input }: FunctionDefinition): boolean {
  return input.some(({ provider }) => splitProvider(provider)[0] === 'onedata')
}

function inputOf(definition: FunctionDefinition): { readonly settings: ProviderSettings; readonly folder: string } {
  const { input, providers } = definition
  const entry = input.find(({ provider }) => splitProvider(provider)[0] === 'onedata')
  if (entry === undefined)
    throw invalid(definition, 'no input of it is a folder of Onedata, so that there is nothing to watch')
  const id = splitProvider(entry.provider)[1]
  const settings = providers.onedata?.[id]
  if (settings === undefined) throw invalid(definition, `it has no Onedata provider "${id}"`)
  return { settings, folder: entry.path.replaceAll(/^\/+|\/+$/g, '') }
}

function invalid({ name }: FunctionDefinition, what: string): ConfigError {
  return new ConfigError('CONFIG_INVALID', `the definition of ${name}: ${what}`)
}

/** Names of our configuration are DNS labels; SCAR's may hold more. */
function dnsLabel(name: string): string {
  const label = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63)
  return label.replace(/-+$/, '') || 'function'
}
