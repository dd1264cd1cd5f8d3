import type { Secret } from '../../lib/secret.ts'

/** A stack as it stands. */
export interface Stack {
  readonly id: string
  readonly status: string
  readonly parameters: Readonly<Record<string, string>>
  /** Its template, as it was given; null where there is none yet. */
  readonly template: string | null
}

/** One thing that happened to a stack. */
export interface StackEvent {
  readonly id: string
  /** Name of the resource in the template; that of the stack for the stack itself. */
  readonly resource: string
  readonly status: string
  readonly reason: string | null
}

/** What is asked of CloudFormation. */
export interface StackRequest {
  readonly name: string
  readonly template: string
  readonly parameters: Readonly<Record<string, string>>
}

/** Stacks of CloudFormation. */
export interface Stacks {
  /** By name, or by id once it is gone; null where there is none. */
  stack(nameOrId: string): Promise<Stack | null>
  createStack(request: StackRequest): Promise<void>
  /** false = CloudFormation found nothing to change. */
  updateStack(request: StackRequest): Promise<boolean>
  deleteStack(name: string): Promise<void>
  /** What happened since the event `after` (null = from the beginning), oldest first. */
  events(nameOrId: string, after: string | null): Promise<readonly StackEvent[]>
  /** Id of the newest event; null where nothing has happened yet. */
  latestEvent(nameOrId: string): Promise<string | null>
}

/** Secrets that this program made, which is told by a tag. */
export interface Secrets {
  /** Makes a secret of a stack, or gives it its value where that differs. Gives its ARN. Rejects where one of that name was made by somebody else. */
  putSecret(stack: string, name: string, value: Secret): Promise<{ readonly arn: string; readonly isNew: boolean }>
  /** ARNs of all secrets that were made for a stack. */
  secrets(stack: string): Promise<readonly string[]>
  /** At once, so that the name is free again; the value came from the machine that deployed. One that is not there is no failure. */
  deleteSecret(arn: string): Promise<void>
}

/** Tables of DynamoDB, told by a tag too. */
export interface Tables {
  /** `foreign` = somebody else made a table of that name. */
  table(name: string): Promise<'none' | 'ours' | 'foreign'>
  deleteTable(name: string): Promise<void>
}

/** The function's code, and the way to it. */
export interface Functions {
  /** SHA-256 of the function's code, and whether it may be changed now; null = there is no such function. */
  code(name: string): Promise<{ readonly sha256: string; readonly isReady: boolean } | null>
  /** With the architecture that the function has: AWS would take its own default. */
  putCode(name: string, code: { readonly zip: Buffer; readonly architecture: 'arm64' | 'x86_64' }): Promise<void>
  putObject(bucket: string, key: string, content: Buffer): Promise<void>
}

/** Instances with a GPU that AWS counts together. */
export type GpuFamily = 'G' | 'P'

/** What an account may start. */
export interface Quotas {
  /** vCPUs of such instances that may run at a time; null = it cannot be known. */
  gpuQuota(family: GpuFamily): Promise<number | null>
}

/** What a deployment asks of AWS. Every method rejects with `DeployError`. */
export interface Cloud extends Stacks, Secrets, Tables, Functions, Quotas {
  close(): void
}
