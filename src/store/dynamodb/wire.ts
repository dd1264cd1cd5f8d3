import type {
  AttributeValue,
  DynamoDBClient,
  QueryCommandOutput,
  TransactWriteItem,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { type Clock, sleep } from '../../lib/clock.ts'
import { hasMoved, isPassing, storeError } from './dynamo-error.ts'
import { headKey, type Key, openPartition } from './keys.ts'
import type { StoredRow } from './mirror.ts'
import type { Op } from './shelf.ts'

type Sdk = typeof import('@aws-sdk/client-dynamodb')
type Item = Record<string, AttributeValue>

/** The head of the table as it was read. */
export interface Head {
  readonly holder: string
  readonly epoch: number
  /** Until when its holder may be taken to be at work, milliseconds since the epoch, by the clock of the holder's machine. */
  readonly until: number
  readonly version: number
  readonly lastWrite: string
  /** The lowest version of this layout that can read the table. */
  readonly minReader: number
}

/** How a transaction moves the head on: refused unless the head is as told. */
export interface HeadMove {
  readonly version: number
  readonly lastWrite: string
  /** Of a holder; null = somebody beside it. */
  readonly held: { readonly epoch: number; readonly until: number } | null
}

/** Somebody else has written since: nothing was changed. */
export class Moved extends Error {}

export interface Page {
  readonly rows: readonly StoredRow[]
  /** Only in the open partition. */
  readonly head: Head | null
  /** Continue behind this sort key; null = that was all. */
  readonly next: string | null
}

/** The version of this layout of the table. */
export const layout = 1
const keysAtOnce = 100
const mostTries = 8
const firstWaitMs = 50
const longestWaitMs = 2_000
const never = new AbortController().signal

/** The requests to one table. Reads are strongly consistent; all reject with `StoreError`. */
export class Wire {
  readonly table: string
  readonly #sdk: Sdk
  readonly #client: DynamoDBClient
  readonly #clock: Clock

  constructor(table: string, sdk: Sdk, client: DynamoDBClient, clock: Clock) {
    this.table = table
    this.#sdk = sdk
    this.#client = client
    this.#clock = clock
  }

  /** One page of a partition in the order of sort keys. */
  async page(pk: string, after: string | null, limit?: number): Promise<Page> {
    const answer: QueryCommandOutput = await this.#ask(() =>
      this.#client.send(
        new this.#sdk.QueryCommand({
          TableName: this.table,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: pk } },
          ConsistentRead: true,
          ...(limit === undefined ? {} : { Limit: limit }),
          ...(after === null ? {} : { ExclusiveStartKey: keyItem({ pk, sk: after }) }),
        }),
      ),
    )
    const items = answer.Items ?? []
    const head = items.find((item) => isHead(item))
    return {
      rows: items.filter((item) => !isHead(item)).map(rowOf),
      head: head === undefined ? null : headOf(head),
      next: answer.LastEvaluatedKey === undefined ? null : text(answer.LastEvaluatedKey.sk),
    }
  }

  /** A whole partition. */
  async *rows(pk: string): AsyncGenerator<readonly StoredRow[]> {
    for (let after: string | null = null, isMore = true; isMore; ) {
      const { rows, next } = await this.page(pk, after)
      yield rows
      after = next
      isMore = next !== null
    }
  }

  /** All that a run needs. What took several requests is of one moment only if nobody wrote meanwhile. */
  async open(): Promise<{
    readonly head: Head | null
    readonly rows: readonly StoredRow[]
    readonly isOneMoment: boolean
  }> {
    const { head, rows, next } = await this.page(openPartition, null)
    if (next === null) return { head, rows, isOneMoment: true }
    const all = [...rows]
    for (let after: string | null = next; after !== null; ) {
      const page: Page = await this.page(openPartition, after)
      all.push(...page.rows)
      after = page.next
    }
    const again = await this.head()
    return { head, rows: all, isOneMoment: again?.lastWrite === head?.lastWrite }
  }

  /** Those of the keys where there is something. */
  async get(keys: readonly Key[]): Promise<readonly StoredRow[]> {
    const found: StoredRow[] = []
    let left = keys.map(keyItem)
    for (let tries = 0; left.length > 0; ) {
      const Keys = left.slice(0, keysAtOnce)
      const answer = await this.#ask(() =>
        this.#client.send(
          new this.#sdk.BatchGetItemCommand({ RequestItems: { [this.table]: { Keys, ConsistentRead: true } } }),
        ),
      )
      const items = answer.Responses?.[this.table] ?? []
      found.push(...items.map(rowOf))
      const again = answer.UnprocessedKeys?.[this.table]?.Keys ?? []
      left = [...again, ...left.slice(keysAtOnce)]
      if (again.length > 0 && items.length === 0) await this.#wait(tries++)
    }
    return found
  }

  /** Null = nobody has ever written. */
  async head(): Promise<Head | null> {
    const { Item } = await this.#ask(() =>
      this.#client.send(
        new this.#sdk.GetItemCommand({ TableName: this.table, Key: keyItem(headKey), ConsistentRead: true }),
      ),
    )
    return Item === undefined ? null : headOf(Item)
  }

  /** Makes this holder the one that writes; null where another one is, or a newer layout. */
  takeHead(holder: string, now: number, until: number): Promise<Head | null> {
    return this.#moveHead({
      UpdateExpression:
        'SET holder = :holder, #until = :until, epoch = if_not_exists(epoch, :zero) + :one, minReader = if_not_exists(minReader, :one), version = if_not_exists(version, :zero)',
      ConditionExpression:
        '(attribute_not_exists(pk) OR attribute_not_exists(holder) OR #until <= :now OR holder = :holder) AND (attribute_not_exists(minReader) OR minReader <= :layout)',
      ExpressionAttributeNames: { '#until': 'until' },
      ExpressionAttributeValues: {
        ':holder': { S: holder },
        ':now': number(now),
        ':until': number(until),
        ':zero': number(0),
        ':one': number(1),
        ':layout': number(layout),
      },
    })
  }

  /** Null = another one has taken over. With `until` 0 it is given back. */
  keepHead(epoch: number, until: number): Promise<Head | null> {
    return this.#moveHead({
      UpdateExpression: 'SET #until = :until',
      ConditionExpression: 'epoch = :epoch',
      ExpressionAttributeNames: { '#until': 'until' },
      ExpressionAttributeValues: { ':until': number(until), ':epoch': number(epoch) },
    })
  }

  /**
   * Carries all writes out or none; `expected` tells for a write what its row must be. Rejects with `Moved` where head or row are otherwise. What is in the
   * way for a moment is waited for.
   */
  async transact(move: HeadMove, ops: readonly Op[], expected: (op: Op) => number | null | undefined): Promise<void> {
    const version = move.version + 1
    const TransactItems = [
      { Update: this.#headUpdate(move) },
      ...ops.map((op) => this.#write(op, version, expected(op))),
    ]
    const command = { TransactItems, ClientRequestToken: move.lastWrite }
    for (let tries = 0; ; tries++) {
      try {
        await this.#client.send(new this.#sdk.TransactWriteItemsCommand(command))
        return
      } catch (error) {
        if (hasMoved(error)) throw new Moved('somebody else has written', { cause: error })
        if (!isPassing(error) || tries === mostTries) throw storeError(error, this.table)
        await this.#wait(tries)
      }
    }
  }

  close(): void {
    this.#client.destroy()
  }

  #headUpdate({ version, lastWrite, held }: HeadMove) {
    const untouched = version === 0 ? '(attribute_not_exists(version) OR version = :version)' : 'version = :version'
    return {
      TableName: this.table,
      Key: keyItem(headKey),
      UpdateExpression: `SET version = :next, lastWrite = :write${held === null ? '' : ', #until = :until'}`,
      ConditionExpression: held === null ? untouched : `epoch = :epoch AND ${untouched}`,
      ...(held === null ? {} : { ExpressionAttributeNames: { '#until': 'until' } }),
      ExpressionAttributeValues: {
        ':version': number(version),
        ':next': number(version + 1),
        ':write': { S: lastWrite },
        ...(held === null ? {} : { ':epoch': number(held.epoch), ':until': number(held.until) }),
      },
    }
  }

  #write(op: Op, version: number, expected: number | null | undefined): TransactWriteItem {
    const condition = conditionOf(expected)
    if (op.kind === 'delete') return { Delete: { TableName: this.table, Key: keyItem(op.key), ...condition } }
    const { pk, sk, data, ttl } = op.row
    const Item = {
      ...keyItem({ pk, sk }),
      data: { S: data },
      v: number(version),
      ...(ttl === undefined ? {} : { ttl: number(ttl) }),
    }
    return { Put: { TableName: this.table, Item, ...condition } }
  }

  async #moveHead(input: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>): Promise<Head | null> {
    const command = { ...input, TableName: this.table, Key: keyItem(headKey), ReturnValues: 'ALL_NEW' as const }
    try {
      const { Attributes = {} } = await this.#ask(() => this.#client.send(new this.#sdk.UpdateItemCommand(command)))
      return headOf(Attributes)
    } catch (error) {
      if (error instanceof Moved) return null
      throw error
    }
  }

  async #ask<T>(send: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await send()
      } catch (error) {
        if (hasMoved(error)) throw new Moved('the head is otherwise', { cause: error })
        if (!isPassing(error) || tries === mostTries) throw storeError(error, this.table)
        await this.#wait(tries)
      }
    }
  }

  #wait(tries: number): Promise<void> {
    return sleep(this.#clock, Math.min(firstWaitMs * 2 ** tries, longestWaitMs), never)
  }
}

function conditionOf(expected: number | null | undefined) {
  if (expected === undefined) return {}
  if (expected === null) return { ConditionExpression: 'attribute_not_exists(pk)' }
  return { ConditionExpression: 'v = :seen', ExpressionAttributeValues: { ':seen': number(expected) } }
}

function keyItem({ pk, sk }: Key): Item {
  return { pk: { S: pk }, sk: { S: sk } }
}

function number(value: number): AttributeValue {
  return { N: String(value) }
}

function isHead(item: Item): boolean {
  return text(item.sk) === headKey.sk
}

function rowOf(item: Item): StoredRow {
  const ttl = item.ttl?.N
  return {
    pk: text(item.pk),
    sk: text(item.sk),
    data: text(item.data),
    version: numberOf(item.v),
    ...(ttl === undefined ? {} : { ttl: Number(ttl) }),
  }
}

function headOf(item: Item): Head {
  return {
    holder: text(item.holder),
    epoch: numberOf(item.epoch),
    until: numberOf(item.until),
    version: numberOf(item.version),
    lastWrite: text(item.lastWrite),
    minReader: numberOf(item.minReader),
  }
}

function text(value: AttributeValue | undefined): string {
  return value?.S ?? ''
}

function numberOf(value: AttributeValue | undefined): number {
  return Number(value?.N ?? 0)
}
