import type { Secret } from '../lib/secret.ts'

/** A value that the function or a job reads from Secrets Manager. It is put there by a call of its own: no template and no parameter holds it. */
export interface DeployedSecret {
  /** Its name in Secrets Manager: `<stack>/<place>`. */
  readonly name: string
  /** The stack's parameter that takes its ARN. */
  readonly parameter: string
  /** Throws `CONFIG_SECRET_MISSING` where there is nothing to read. */
  readonly read: () => Secret
}

/** What the function may call besides its own table, log and secrets. */
export type Need =
  | { readonly kind: 'lambda'; readonly function: string; readonly region: string | null }
  | {
      readonly kind: 'batch'
      readonly queue: string
      readonly definition: string
      readonly region: string | null
      /** Jobs that are given tags need one more right. */
      readonly isTagged: boolean
    }
  | { readonly kind: 'eventbridge'; readonly bus: string; readonly region: string | null }
  | { readonly kind: 'secret'; readonly arn: string }

/** The Batch side of one function definition; memory in MiB. */
export interface JobPlan {
  /** Name of queue and definition, as SCAR names them. */
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Variables that the job gets from Secrets Manager: name of the variable -> parameter with the ARN. */
  readonly secretEnvironment: Readonly<Record<string, string>>
  readonly vcpus: number
  readonly memory: number
  readonly gpus: number
  readonly minVcpus: number
  readonly maxVcpus: number
  readonly instanceTypes: readonly string[]
  /** Places in S3 (`bucket/folder`) that jobs read from and write to with the rights of their own role. */
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  /** null = the stack makes a small network of its own. */
  readonly network: { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] } | null
  /** What the host does when it starts, before any job; null = nothing. The place for another wrapper than SCAR's supervisor. */
  readonly host: HostPreparation | null
}

/** A program that the host fetches, and that containers see under the same path. */
export interface HostPreparation {
  /** Shell script that runs as root at the host's first start. */
  readonly script: string
  /** Folder of the host that the job gets. */
  readonly folder: string
}

/** Where the function's code comes from: put after the stack stands (null), or taken by the stack from a bucket. */
export type CodePlace = { readonly bucket: string; readonly key: string } | null

/** Everything that a template is made of. */
export interface Plan {
  /** Name of stack, function and table. */
  readonly name: string
  readonly everyMinutes: number
  readonly timeoutS: number
  readonly memory: number
  readonly architecture: 'arm64' | 'x86_64'
  readonly logRetentionDays: number
  /** ARN of an SNS topic that alarms are sent to; null = they only show. */
  readonly alarmTopic: string | null
  /** false = a table of that name was kept by an earlier stack, and is used again. */
  readonly makesTable: boolean
  readonly code: CodePlace
  readonly needs: readonly Need[]
  /** Secrets that the function itself reads. */
  readonly secrets: readonly DeployedSecret[]
  /** Secrets that only jobs read. */
  readonly jobSecrets: readonly DeployedSecret[]
  readonly job: JobPlan | null
}
