import { z } from 'zod'
import { suggestion } from './closest.ts'
import type { Problem } from './problem.ts'

/** What is wrong, in our words; every message leaves out the value that was found, which may be a secret. */
export function problemsOf(error: z.ZodError): readonly Problem[] {
  return error.issues.flatMap((issue): readonly Problem[] => {
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
    // The message is what `wording` made of the keys that there are.
    const known = issue.message === '' ? [] : issue.message.split(' ')
    return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key${suggestion(key, known)}` }))
  })
}

/** The error map to parse with: it sees the schema and the input, which the finished issue does not carry. */
export const wording: z.core.$ZodErrorMap = (issue) => {
  const { inst } = issue
  switch (issue.code) {
    case 'unrecognized_keys':
      return inst instanceof z.ZodObject ? Object.keys(inst.shape).join(' ') : ''
    case 'invalid_type':
      return wrongType(issue)
    case 'invalid_value':
      return expected(issue.values.map(String).join(', '), issue.input)
    case 'invalid_union':
      return wrongVariant(issue)
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'is not a name'
    case 'invalid_format':
      return issue.format === 'url' ? 'expected a URL with its scheme, as https://example.org/hook' : undefined
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must ${measure(issue.origin)} at least ${issue.minimum}`
    case 'too_big':
      return `must ${measure(issue.origin)} at most ${issue.maximum}`
    default:
      return undefined
  }
}

function measure(origin: string): string {
  return origin === 'number' || origin === 'int' ? 'be' : 'have a length of'
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list, as [a, b]',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
}

function wrongType({ expected: type, inst, input }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  const name = typeNames[type] ?? type
  const isBare = typeof input === 'number' || typeof input === 'boolean'
  if (!isBare || !(inst instanceof z.ZodString)) return expected(name, input)
  // Quotes help only where the text in them would be right.
  const quoted = inst.safeParse(String(input))
  return quoted.success ? `expected ${name}; put the value in quotes` : (quoted.error.issues[0]?.message ?? name)
}

function expected(what: string, input: unknown): string {
  return input === undefined || input === null ? `is missing; expected ${what}` : `expected ${what}`
}

function wrongVariant({ inst, input, discriminator }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  if (!(inst instanceof z.ZodUnion)) return 'is none of what is possible here'
  if (discriminator === undefined) return expected(describe(inst), input)
  const types = inst.options.flatMap((option) => (option instanceof z.ZodObject ? literals(option, discriminator) : []))
  const given = typeof input === 'object' && input !== null ? Reflect.get(input, discriminator) : undefined
  if (typeof given !== 'string') return expected(types.join(', '), given)
  return `unknown ${discriminator}${suggestion(given, types)}`
}

/** What a schema takes, in a few words. */
function describe(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodUnion) return schema.options.map(describe).join(' or ')
  if (schema instanceof z.ZodObject) return `{ ${Object.keys(schema.shape).join(': …, ')}: … }`
  if (schema instanceof z.ZodLiteral) return [...schema.values].join(' or ')
  if (schema instanceof z.ZodURL) return 'a URL'
  return typeNames[schema._zod.def.type] ?? schema._zod.def.type
}

function literals(option: z.ZodObject, key: string): readonly string[] {
  const field = option.shape[key]
  return field instanceof z.ZodLiteral ? [...field.values].map(String) : []
}
