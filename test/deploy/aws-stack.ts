import type { AwsAnswer, AwsCall } from '../support/aws-server.ts'

/** A stack as CloudFormation keeps it. */
interface StackState {
  readonly name: string
  readonly template: string
  readonly parameters: Readonly<Record<string, string>>
  status: string
  /** States that are still to come, one for each look. */
  coming: string[]
}

interface StackEvent {
  readonly id: string
  readonly resource: string
  readonly status: string
  readonly reason: string
}

export interface StackOptions {
  /** States through which a stack goes after it was made, changed or removed, one for each look; by default all goes well. */
  readonly states?: Readonly<Record<string, readonly string[]>>
  /** Why resources failed: name -> reason. */
  readonly failures?: Readonly<Record<string, string>>
}

const wellEnded: Readonly<Record<string, readonly string[]>> = {
  CreateStack: ['CREATE_IN_PROGRESS', 'CREATE_COMPLETE'],
  UpdateStack: ['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_COMPLETE'],
  DeleteStack: ['CREATE_COMPLETE', 'DELETE_IN_PROGRESS', 'DELETE_COMPLETE'],
}

/** CloudFormation with one stack, in its own words: forms in, XML out. */
export class AwsStack {
  state: StackState | null = null
  readonly #events: StackEvent[] = []
  readonly #options: StackOptions

  constructor(options: StackOptions) {
    this.#options = options
  }

  answer({ body }: AwsCall): AwsAnswer {
    const form = new URLSearchParams(body)
    const action = form.get('Action') ?? ''
    switch (action) {
      case 'DescribeStacks':
        return this.#look(form.get('StackName') ?? '')
      case 'GetTemplate':
        return xml(action, `<TemplateBody>${escaped(this.state?.template ?? '')}</TemplateBody>`)
      case 'DescribeStackEvents':
        return xml(action, `<StackEvents>${this.#events.toReversed().map(eventXml).join('')}</StackEvents>`)
      case 'DeleteStack':
        this.#begin(action)
        return xml(action, '')
      default:
        this.state = { name: form.get('StackName') ?? '', ...requestOf(form), status: '', coming: [] }
        this.#begin(action)
        return xml(action, '<StackId>arn:aws:cloudformation:us-east-1:123456789012:stack/x/1</StackId>')
    }
  }

  #begin(action: string): void {
    const { states, failures = {} } = this.#options
    if (this.state === null) return
    this.state.coming = [...(states?.[action] ?? wellEnded[action] ?? [])]
    for (const [resource, reason] of Object.entries(failures)) this.#tell(resource, 'CREATE_FAILED', reason)
  }

  #look(name: string): AwsAnswer {
    if (this.state === null) return xmlError('ValidationError', `Stack with id ${name} does not exist`)
    const next = this.state.coming.shift()
    if (next !== undefined) {
      this.state.status = next
      this.#tell(this.state.name, next, '')
    }
    const { status, parameters } = this.state
    if (status === 'DELETE_COMPLETE') this.state = null
    const list = Object.entries(parameters).map(
      ([key, value]) => `<member><ParameterKey>${key}</ParameterKey><ParameterValue>${value}</ParameterValue></member>`,
    )
    return xml(
      'DescribeStacks',
      `<Stacks><member><StackName>${name}</StackName><StackId>arn:aws:cloudformation:us-east-1:123456789012:stack/x/1</StackId><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus><Parameters>${list.join('')}</Parameters></member></Stacks>`,
    )
  }

  #tell(resource: string, status: string, reason: string): void {
    this.#events.push({ id: `event-${this.#events.length}`, resource, status, reason })
  }
}

function requestOf(form: URLSearchParams): Pick<StackState, 'template' | 'parameters'> {
  const keys = [...form.keys()].flatMap((key) => /^Parameters\.member\.(\d+)\.ParameterKey$/.exec(key)?.[1] ?? [])
  const parameters = keys.map((n) => [
    form.get(`Parameters.member.${n}.ParameterKey`) ?? '',
    form.get(`Parameters.member.${n}.ParameterValue`) ?? '',
  ])
  return { template: form.get('TemplateBody') ?? '', parameters: Object.fromEntries(parameters) }
}

function eventXml({ id, resource, status, reason }: StackEvent): string {
  const why = reason === '' ? '' : `<ResourceStatusReason>${escaped(reason)}</ResourceStatusReason>`
  return `<member><StackId>x</StackId><StackName>x</StackName><Timestamp>2026-01-01T00:00:00Z</Timestamp><EventId>${id}</EventId><LogicalResourceId>${resource}</LogicalResourceId><ResourceStatus>${status}</ResourceStatus>${why}</member>`
}

const headers = { 'content-type': 'text/xml' }
const namespace = 'http://cloudformation.amazonaws.com/doc/2010-05-15/'

function xml(action: string, result: string): AwsAnswer {
  const body = `<${action}Response xmlns="${namespace}"><${action}Result>${result}</${action}Result></${action}Response>`
  return { headers, body }
}

/** An error as services with a query protocol tell it. */
export function xmlError(code: string, message: string, status = 400): AwsAnswer {
  const body = `<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error><RequestId>r</RequestId></ErrorResponse>`
  return { status, headers, body }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
