import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { parse } from 'yaml'
import { z } from 'zod'
import { chartFolder } from './manifests.ts'

const map = z.record(z.string(), z.unknown())

/** values.yaml with these values laid over it. */
export function overDefaults(values: unknown): unknown {
  return merged(parse(readFileSync(join(chartFolder, 'values.yaml'), 'utf8')), values)
}

/** Values laid over others as Helm does it: maps are merged, null takes away, all else replaces. */
export function merged(under: unknown, over: unknown): unknown {
  const below = map.safeParse(under)
  const above = map.safeParse(over)
  if (!below.success || !above.success) return over
  const both = new Set([...Object.keys(below.data), ...Object.keys(above.data)])
  const entries = [...both].map((key) => {
    const value = key in above.data ? merged(below.data[key], above.data[key]) : below.data[key]
    return [key, value] as const
  })
  return Object.fromEntries(entries.filter(([, value]) => value !== null))
}

/** Ajv by way of Fastify, which brings it. Nothing is converted or left out. It never listens. */
const app = fastify({
  ajv: {
    customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: true, strict: false },
  },
})
const body: unknown = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8'))
app.post('/', { schema: { body } }, () => '')

/** What values.schema.json has against values, as Ajv says it; Helm's own words are tested with Helm. */
export async function schemaProblems(values: unknown): Promise<string> {
  const answer = await app.inject({ method: 'POST', url: '/', payload: map.parse(values) })
  return answer.statusCode === 200 ? '' : z.object({ message: z.string() }).parse(answer.json()).message
}
