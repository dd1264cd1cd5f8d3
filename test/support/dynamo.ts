import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import dynalite from 'dynalite'
import { transact } from './dynamo-transactions.ts'

/** A request on its way to the server. */
export interface DynamoRequest {
  readonly operation: string
  readonly body: string
}

/** What becomes of a request: cut or hung `before` it arrives, or `after` it was carried out, so that nobody is told. */
export type Fate = 'answered' | 'cut before' | 'cut after' | 'hung before' | 'hung after' | Refusal

/** It is not carried out, and DynamoDB says why. */
export interface Refusal {
  /** `TransactionConflict`, `ThrottlingError`: codes of a cancelled transaction. */
  readonly reason: string
}

/** A wire to a server of DynamoDB, which counts and cuts. */
export interface Dynamo {
  readonly url: string
  /** Since the beginning or the last time it was emptied. */
  readonly requests: DynamoRequest[]
  /** Decides on each request. */
  fate: (request: DynamoRequest) => Fate
  /** Points the AWS SDK of this process here, by the variables that AWS' own tools take. What asked before goes on as it did. */
  use(): void
  /** Another wire to the same server. */
  another(): Promise<Dynamo>
  /** Resolves when everything that has arrived is carried out. */
  idle(): Promise<void>
  makeTable(): Promise<string>
  close(): Promise<void>
}

/** What is at the other end. */
interface Behind {
  readonly url: string
  carryOut(request: DynamoRequest, headers: IncomingHttpHeaders): ReturnType<typeof forward>
  idle(): Promise<void>
}

let tables = 0

/** Starts dynalite, gives it transactions, and points the AWS SDK of this process at it. */
export async function startDynalite(): Promise<Dynamo> {
  const server = dynalite({ createTableMs: 0 })
  const dynamo = await wireTo(oneByOne(await listen(server)))
  const closeWire = dynamo.close
  const close = async () => {
    await closeWire()
    await closed(server)
  }
  return Object.assign(dynamo, { close })
}

/** A wire to a server that has transactions. */
export function startWire(url: string): Promise<Dynamo> {
  let underWay: Promise<unknown> = Promise.resolve()
  return wireTo({
    url,
    carryOut: ({ operation, body }, headers) => {
      const done = forward(url, headers, operation, body)
      underWay = Promise.allSettled([underWay, done])
      return done
    },
    idle: async () => void (await underWay),
  })
}

/** A server without transactions: they are made of single operations, and all requests wait for each other. */
function oneByOne(url: string): Behind {
  let tail: Promise<unknown> = Promise.resolve()
  return {
    url,
    carryOut: ({ operation, body }, headers) => {
      const operate = (name: string, text: string) => forward(url, headers, name, text)
      const done = tail.then(() =>
        operation === 'TransactWriteItems'
          ? transact((name, part) => operate(name, JSON.stringify(part)), body)
          : operate(operation, body),
      )
      tail = done.catch(() => {})
      return done
    },
    idle: async () => void (await tail),
  }
}

async function wireTo(behind: Behind): Promise<Dynamo> {
  const requests: DynamoRequest[] = []
  const server = createServer(async (incoming, response) => {
    let body = ''
    for await (const chunk of incoming.setEncoding('utf8')) body += chunk
    const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? ''
    const request = { operation, body }
    requests.push(request)
    const fate = dynamo.fate(request)
    if (fate === 'cut before') return void incoming.socket.destroy()
    if (fate === 'hung before') return
    const answer = typeof fate === 'object' ? cancelled(fate) : await behind.carryOut(request, incoming.headers)
    if (fate === 'cut after') return void incoming.socket.destroy()
    if (fate === 'hung after') return
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' })
    response.end(answer.body)
  })
  const url = await listen(server)
  const environment = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'AKIATEST',
    AWS_SECRET_ACCESS_KEY: 'canary-secret-key',
    AWS_REGION: 'us-east-1',
  }
  const dynamo: Dynamo = {
    url,
    requests,
    fate: () => 'answered',
    use: () => void Object.assign(process.env, environment),
    another: () => wireTo(behind),
    idle: () => behind.idle(),
    makeTable: () => makeTable(behind),
    close: () => closed(server),
  }
  dynamo.use()
  return dynamo
}

function cancelled({ reason }: Refusal) {
  const __type = 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException'
  return { status: 400, body: JSON.stringify({ __type, CancellationReasons: [{ Code: reason }, { Code: 'None' }] }) }
}

async function makeTable({ url }: Behind): Promise<string> {
  const table = `onetrigger-${tables++}`
  const headers = {
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    'x-amz-date': '20260101T000000Z',
    'content-type': 'application/x-amz-json-1.0',
  }
  const made = await forward(url, headers, 'CreateTable', JSON.stringify(tableRequest(table)))
  if (made.status !== 200) throw new Error(`the table was not made: ${made.body}`)
  return table
}

function tableRequest(TableName: string): object {
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  }
}

async function forward(url: string, headers: IncomingHttpHeaders, operation: string, body: string) {
  const kept = ['authorization', 'x-amz-date', 'content-type'].map((name) => [name, String(headers[name])])
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...Object.fromEntries(kept), 'x-amz-target': `DynamoDB_20120810.${operation}` },
    body,
  })
  return { status: answer.status, body: await answer.text() }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A listening TCP server always has such an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
