import { problemsOf, wording } from '../config/issues.ts'
import { configError, pathText } from '../config/problem.ts'
import { configSchema } from '../config/schema.ts'
import { ConfigError } from '../core/errors.ts'
import { readOnce, type SecretRef } from '../lib/fields.ts'
import { Secret } from '../lib/secret.ts'
import { configurationOf, type DerivedConfiguration } from './definition/configuration-of.ts'
import type { FunctionDefinition } from './definition/definition.ts'
import { jobOf } from './definition/job-plan.ts'
import { asMap, type Loose } from './definition/loose.ts'
import { type ArnOf, type CarriedFile, functionConfiguration } from './function-configuration.ts'
import type { Plan } from './plan.ts'

/** How the function is made, beside what it does. */
export type FunctionOptions = Pick<
  Plan,
  'name' | 'everyMinutes' | 'timeoutS' | 'memory' | 'architecture' | 'logRetentionDays' | 'alarmTopic'
>

/** What is deployed: a configuration, a function definition, or both together. */
export interface DeploymentInput extends FunctionOptions {
  /** A checked configuration as its file has it; null = there is none. */
  readonly configuration: Loose | null
  readonly definition: { readonly read: FunctionDefinition; readonly script: string | null } | null
  /** Reads a secret of this machine. */
  readonly secret: (ref: SecretRef) => Secret
}

/** All that a deployment puts into AWS. */
export interface Deployment {
  readonly plan: Plan
  readonly files: readonly CarriedFile[]
  readonly configuration: (arnOf: ArnOf) => unknown
  /** What a person should know of what was made of the input. */
  readonly notes: readonly string[]
}

/** Where the token comes from that a definition lacks. */
const givenToken = { env: 'ONEDATA_ACCESS_TOKEN' }
/** Stands for the definition's own token, until it is read. */
const definitionToken = { env: 'ONEDATA_ACCESS_TOKEN of the definition' }

/** Decides what is deployed, without asking AWS for anything. Throws `CONFIG_INVALID`. */
export function planDeployment(input: DeploymentInput): Deployment {
  const { configuration, definition, secret, ...options } = input
  const derived = definition === null ? null : configurationOf(definition.read)
  const own = derived === null ? {} : withToken(derived.raw, derived.token === null ? givenToken : definitionToken)
  const raw = merged(configuration ?? {}, own)
  check(raw)
  const made = functionConfiguration(raw, {
    name: input.name,
    read: (ref) => {
      const isDefinitions = 'env' in ref && ref.env === definitionToken.env
      return isDefinitions && derived?.token ? new Secret(derived.token) : secret(ref)
    },
  })
  const job =
    definition === null || definition.read.mode !== 'batch'
      ? null
      : jobOf(definition.read, { script: definition.script, stack: input.name, token: () => secret(givenToken) })
  return {
    plan: {
      ...options,
      makesTable: true,
      code: null,
      needs: made.needs,
      secrets: made.secrets,
      jobSecrets: job?.secrets ?? [],
      job: job?.job ?? null,
    },
    files: made.files,
    configuration: made.withArns,
    notes: [...(job?.notes ?? []), ...modeNotes(definition?.read ?? null)],
  }
}

function modeNotes(definition: FunctionDefinition | null): readonly string[] {
  if (definition === null || definition.mode === 'batch') return []
  return [
    `${definition.name} runs in Lambda (execution_mode: ${definition.mode}): its function is not made here, and must be there (scar init makes it)`,
  ]
}

/** The derived configuration with a place for its token. */
function withToken(raw: DerivedConfiguration['raw'], token: SecretRef): Loose {
  const sources = Object.entries(raw.sources).map(([name, source]) => [name, { ...asMap(source), token }])
  return { ...raw, sources: Object.fromEntries(sources) }
}

/** Both, where no name is in both. */
function merged(first: Loose, second: Loose): Loose {
  const groups = ['sources', 'triggers', 'targets'].map((group) => {
    const [ours, theirs] = [asMap(first[group]), asMap(second[group])]
    const doubled = Object.keys(theirs).find((name) => Object.hasOwn(ours, name))
    if (doubled !== undefined) {
      throw new ConfigError('CONFIG_INVALID', `${group}.${doubled}: the configuration and the definition both have it`)
    }
    return [group, { ...ours, ...theirs }]
  })
  return { ...first, ...Object.fromEntries(groups) }
}

/** What a definition leads to is checked as any configuration. */
function check(raw: Loose): void {
  const parsed = configSchema.safeParse(raw, { ...readOnce, error: wording })
  if (parsed.success) return
  throw configError(problemsOf(parsed.error).map(({ path, message }) => `${pathText(path)}: ${message}`))
}
