/** Carries out one operation of DynamoDB; gives status and body of the answer. */
export type Operate = (operation: string, body: object) => Promise<{ readonly status: number; readonly body: string }>

type Item = Readonly<Record<string, unknown>>

/** One part of a TransactWriteItems request. */
interface Part {
  readonly TableName: string
  readonly Key?: Item
  readonly Item?: Item
  readonly ConditionExpression?: string
}

/**
 * TransactWriteItems on top of a server that has none (dynalite): every part is carried out as an operation of its own, by that server and under its own
 * conditions, and where one is refused the earlier ones are put back. Right only while nothing else is let through.
 */
export async function transact(operate: Operate, request: string) {
  const { TransactItems } = JSON.parse(request) as { TransactItems: readonly Readonly<Record<string, Part>>[] }
  const parts = TransactItems.flatMap((each) => Object.entries(each))
  const keys = parts.map(([, { TableName, Key, Item }]) => ({ TableName, Key: Key ?? { pk: Item?.pk, sk: Item?.sk } }))
  const isTwice = new Set(keys.map((key) => JSON.stringify(key))).size < keys.length
  if (isTwice || parts.length > 100 || request.length > 4_194_304) return refused('ValidationException', {})
  // No two of them are about the same item, so that their order does not matter.
  const answers = await Promise.all(
    parts.map(([kind, part]) => operate(`${kind}Item`, { ...part, ReturnValues: 'ALL_OLD' })),
  )
  const failed = answers.find(({ status }) => status !== 200)
  if (failed === undefined) return { status: 200, body: '{}' }
  for (const [index, { status, body }] of answers.entries()) {
    if (status !== 200) continue
    const { Attributes } = JSON.parse(body) as { Attributes?: Item }
    const { TableName, Key } = keys[index] ?? {}
    if (Attributes === undefined) await operate('DeleteItem', { TableName, Key })
    else await operate('PutItem', { TableName, Item: Attributes })
  }
  const isConditional = ({ body }: { readonly body: string }) => body.includes('ConditionalCheckFailed')
  if (!isConditional(failed)) return failed
  const codes = answers.map((each) => ({ Code: isConditional(each) ? 'ConditionalCheckFailed' : 'None' }))
  return refused('TransactionCanceledException', { CancellationReasons: codes })
}

function refused(name: string, more: object) {
  return {
    status: 400,
    body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name, ...more }),
  }
}
