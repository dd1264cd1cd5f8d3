import { isObject } from '../../lib/is-object.ts'

/** A map of a file whose forms differ. */
export type Loose = Readonly<Record<string, unknown>>

/** The value as a map; empty where it is none. */
export function asMap(value: unknown): Loose {
  return isObject(value) ? value : {}
}

/** The value as a list; empty where it is none. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Text, or a number or switch as text; null where it is neither, or empty. */
export function asText(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

/** A number, also one that is written as text; null where it is none. */
export function asNumber(value: unknown): number | null {
  const text = asText(value)
  const number = Number(text)
  return text === null || Number.isNaN(number) ? null : number
}

/** All texts of a list, or the one text. */
export function asTexts(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? value : [value]
  return list.flatMap((each) => asText(each) ?? [])
}

/** `true`, `True`, `yes` and 1, as Python's YAML reads them. */
export function asSwitch(value: unknown): boolean {
  return /^(true|yes|on|1)$/i.test(asText(value) ?? '')
}

/** A map of texts; what is no text is left out. `Variables` around it, as AWS has it, and `KEY=VALUE` in a list are understood. */
export function asVariables(value: unknown): Readonly<Record<string, string>> {
  if (Array.isArray(value)) {
    return Object.fromEntries(
      asTexts(value).map((each) => [each.replace(/=.*$/s, ''), each.includes('=') ? each.replace(/^[^=]*=/s, '') : '']),
    )
  }
  const map = asMap(value)
  const inner = isObject(map.Variables) ? map.Variables : isObject(map.variables) ? map.variables : map
  return Object.fromEntries(Object.entries(inner).map(([key, each]) => [key, asText(each) ?? '']))
}
