// values.schema.json of the chart, for every Helm 3 and 4: draft 7, regular expressions of Go, and messages that say what to do.
import { z } from 'zod'
import { configSchema } from '../src/config/schema.ts'
import { chartValues } from './gen-chart-values.ts'

/** A node of a JSON schema. */
type Node = Readonly<Record<string, unknown>>

/**
 * A schema cannot hold a message of its own. But where `if` holds the values are wrong already, so what is demanded then may be a sentence: no number is
 * equal to it, and Helm prints what it demanded.
 */
const oneProcess = '1, for this store belongs to one process; config.store.type postgres is for several'

const replicasNeedPostgres: Node = {
  if: {
    required: ['replicaCount'],
    properties: {
      replicaCount: { type: 'integer', minimum: 2 },
      config: {
        not: {
          required: ['store'],
          properties: { store: { required: ['type'], properties: { type: { const: 'postgres' } } } },
        },
      },
    },
  },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON schema
  then: { properties: { replicaCount: { const: oneProcess } } },
}

/** The schema of the values; `descriptions` by path, as `image.tag`. Throws where a pattern is none in Go. */
export function chartValuesSchema(descriptions: ReadonlyMap<string, string>): Node {
  const values = asNode(toJsonSchema(chartValues))
  const config = forHelm(toJsonSchema(configSchema))
  const described = describeAll({ ...values, properties: { config, ...asNode(values.properties) } }, [], descriptions)
  return { ...described, title: 'Values of the OneTrigger chart', ...replicasNeedPostgres }
}

function toJsonSchema(schema: z.ZodType): Node {
  const { $schema, ...node } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' })
  return schema === chartValues ? { $schema, ...node } : node
}

function describeAll(node: Node, path: readonly string[], descriptions: ReadonlyMap<string, string>): Node {
  const description = descriptions.get(path.join('.'))
  const properties = Object.entries(asNode(node.properties ?? {})).map(([key, child]) => [
    key,
    describeAll(asNode(child), [...path, key], descriptions),
  ])
  return {
    ...node,
    ...(description === undefined ? {} : { description }),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
  }
}

/** The same schema with better messages, and in the regular expressions that Helm understands. */
function forHelm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(forHelm)
  if (typeof value !== 'object' || value === null) return value
  const node = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, forHelm(child)]))
  return withoutLookahead(byType(onlyOneKey(node)))
}

/**
 * `oneOf` by `type` tells of every branch that does not fit. Asked for the type first, only the branch that was meant speaks.
 */
function byType(node: Node): Node {
  const { oneOf, ...rest } = node
  if (!Array.isArray(oneOf)) return node
  const branches = oneOf.map(asNode)
  const types = branches.map((branch) => asNode(asNode(branch.properties).type).const)
  if (types.some((type) => type === undefined))
    throw new Error('a oneOf of the configuration is not told apart by its type')
  return {
    ...rest,
    type: 'object',
    required: ['type'],
    properties: { type: { type: 'string', enum: types } },
    allOf: branches.map((branch, index) => ({
      if: { required: ['type'], properties: { type: { const: types[index] } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON schema
      then: branch,
    })),
  }
}

/** Several objects of one key each, as `{ env }` and `{ file }`, are one object with one of these keys. */
function onlyOneKey(node: Node): Node {
  const { anyOf, ...rest } = node
  if (!Array.isArray(anyOf)) return node
  const shapes = anyOf.map((branch) => asNode(asNode(branch).properties ?? {}))
  if (shapes.some((shape) => Object.keys(shape).length !== 1)) return node
  return {
    ...rest,
    type: 'object',
    properties: Object.assign({}, ...shapes),
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  }
}

/** Go's regular expressions cannot look ahead: `^(?!a)b` becomes "not ^a, and ^b". Throws for what cannot be said otherwise. */
function withoutLookahead(node: Node): Node {
  const { pattern, ...rest } = node
  if (typeof pattern !== 'string' || !/\(\?[!=<]/.test(pattern)) return node
  const [, forbidden, wanted = ''] = /^\^\(\?!([^()]*)\)(.*)$/.exec(pattern) ?? []
  if (forbidden === undefined || /\(\?[!=<]/.test(wanted)) throw new Error(`Helm cannot read the pattern ${pattern}`)
  return { ...rest, pattern: `^${wanted}`, not: { pattern: `^${forbidden}` } }
}

function asNode(value: unknown): Node {
  return z.record(z.string(), z.unknown()).parse(value)
}
