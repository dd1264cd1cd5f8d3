/** A value of a template: JSON, in which objects with one key such as `Ref` or `Fn::Sub` are functions of CloudFormation. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

/** One resource of a template. */
export interface Resource {
  readonly Type: string
  readonly DependsOn?: readonly string[]
  readonly DeletionPolicy?: 'Retain'
  readonly UpdateReplacePolicy?: 'Retain'
  readonly Properties: { readonly [key: string]: Value }
}

/** A parameter of a template. */
export interface Parameter {
  readonly Type: string
  readonly Description: string
  readonly Default?: string
  readonly AllowedPattern?: string
}

/** A template of CloudFormation. */
export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09'
  readonly Description: string
  readonly Metadata?: { readonly [key: string]: Value }
  readonly Parameters: Readonly<Record<string, Parameter>>
  readonly Conditions?: Readonly<Record<string, Value>>
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs: Readonly<Record<string, { readonly Description: string; readonly Value: Value }>>
}

/** One statement of a policy. A wildcard of its own (`*`) stands only where `why` says what for; `why` does not leave this program. */
export interface Statement {
  readonly actions: readonly string[]
  readonly resources: Value
  readonly why?: string
  /** Name of a condition of the template without which it does not stand. */
  readonly onlyIf?: string
}

/** Tag of what this program makes beside the stack, or leaves behind it; its value is the name of the stack. */
export const ownerTag = 'onetrigger:stack'
/** In a template's metadata: this program made it, and may replace it. */
export const madeHere = 'OneTrigger'

/** `{ Ref: id }` */
export function ref(id: string): Value {
  return { Ref: id }
}

/** `{ Fn::GetAtt: [id, attribute] }` */
export function getAtt(id: string, attribute: string): Value {
  return { 'Fn::GetAtt': [id, attribute] }
}

/** `{ Fn::Sub: text }`, or the text itself where there is nothing to put in. */
export function sub(text: string): Value {
  return text.includes('${') ? { 'Fn::Sub': text } : text
}

/** A role that one service takes on. */
export function role(service: string, statements: readonly Statement[], managed: readonly string[] = []): Resource {
  const policies = statements.map(({ actions, resources, onlyIf }): Value => {
    const statement = { Effect: 'Allow', Action: actions, Resource: resources }
    return onlyIf === undefined ? statement : { 'Fn::If': [onlyIf, statement, ref('AWS::NoValue')] }
  })
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      },
      ...(managed.length === 0
        ? {}
        : { ManagedPolicyArns: managed.map((name) => sub(`arn:\${AWS::Partition}:iam::aws:policy/${name}`)) }),
      ...(policies.length === 0
        ? {}
        : {
            Policies: [{ PolicyName: 'what-it-needs', PolicyDocument: { Version: '2012-10-17', Statement: policies } }],
          }),
    },
  }
}
