/** Where a function takes files from or puts them: `provider` is `<type>.<id>`. */
export interface StorageEntry {
  readonly provider: string
  readonly path: string
  readonly suffix?: readonly string[]
  readonly prefix?: readonly string[]
}

/** Settings of one storage provider, as faas-supervisor names them. Tokens and keys are among them. */
export type ProviderSettings = Readonly<Record<string, string | boolean>>

/** Providers: type -> id -> settings. */
export type Providers = Readonly<Record<string, Readonly<Record<string, ProviderSettings>>>>

/** One function of SCAR or one service of OSCAR, whatever the form of its file. */
export interface FunctionDefinition {
  readonly name: string
  readonly image: string
  /** Path of the user's script, as the file names it; null = there is none. */
  readonly script: string | null
  readonly mode: 'lambda' | 'lambda-batch' | 'batch'
  readonly logLevel: string
  /** Variables of the user's container. */
  readonly environment: Readonly<Record<string, string>>
  readonly input: readonly StorageEntry[]
  readonly output: readonly StorageEntry[]
  readonly providers: Providers
  readonly resources: JobResources
  /** Release of faas-supervisor, or `latest`. */
  readonly supervisor: string
}

/** What a job gets; memory in MiB. */
export interface JobResources {
  readonly vcpus: number
  readonly memory: number
  readonly gpus: number
  readonly minVcpus: number
  readonly maxVcpus: number
  readonly instanceTypes: readonly string[]
  readonly subnets: readonly string[]
  readonly securityGroups: readonly string[]
}

/** Type and id of a provider. */
export function splitProvider(provider: string): readonly [type: string, id: string] {
  const cut = provider.indexOf('.')
  return cut < 0 ? [provider, 'default'] : [provider.slice(0, cut), provider.slice(cut + 1)]
}
