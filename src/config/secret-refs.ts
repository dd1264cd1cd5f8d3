import { z } from 'zod'
import { type SecretRef, secretRef } from '../lib/fields.ts'
import type { Path } from './problem.ts'

/** A place in the configuration that names a secret. */
export interface PlacedSecret {
  readonly path: Path
  readonly ref: SecretRef
}

/** All secrets that a valid input names. Led by the schema: a map whose only key happens to be `env` is none. */
export function secretsIn(schema: z.core.$ZodType, input: unknown, path: Path = []): readonly PlacedSecret[] {
  if (input === undefined || input === null) return []
  // `describe` makes copies of a schema, which share its definition.
  if (schema._zod.def === secretRef._zod.def) {
    const ref = secretRef.safeParse(input)
    return ref.success ? [{ path, ref: ref.data }] : []
  }
  if (schema instanceof z.ZodUnion) return secretsInUnion(schema, input, path)
  if (schema instanceof z.ZodPipe) return secretsIn(schema.in, input, path)
  if (schema instanceof z.ZodArray) {
    return Array.isArray(input) ? input.flatMap((item, index) => secretsIn(schema.element, item, [...path, index])) : []
  }
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, field]) => secretsIn(field, at(input, key), [...path, key]))
  }
  if (schema instanceof z.ZodRecord) {
    const { valueType } = schema
    return Object.entries(input).flatMap(([key, value]) => secretsIn(valueType, value, [...path, key]))
  }
  const inner = innerOf(schema)
  return inner === null ? [] : secretsIn(inner, input, path)
}

/** Only the variant that is meant counts. */
function secretsInUnion(schema: z.ZodUnion, input: unknown, path: Path): readonly PlacedSecret[] {
  const variant = schema.options.find((option) => isMeant(option, input))
  return variant === undefined ? [] : secretsIn(variant, input, path)
}

/** Kinds of adapters are told by their `type`, so that something else that is wrong in one does not hide its secrets. */
function isMeant(option: z.core.$ZodType, input: unknown): boolean {
  const literals =
    option instanceof z.ZodObject
      ? Object.entries(option.shape).filter(([, field]) => field instanceof z.ZodLiteral)
      : []
  if (literals.length === 0) return z.safeParse(option, input).success
  return literals.every(([key, field]) => z.safeParse(field, at(input, key)).success)
}

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | null {
  const isWrapper =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  return isWrapper ? schema.unwrap() : null
}

function at(input: unknown, key: string): unknown {
  return typeof input === 'object' && input !== null && Object.hasOwn(input, key) ? Reflect.get(input, key) : undefined
}
