/** A condition between braces, such as `status=~"5.."`. */
export interface Matcher {
  readonly label: string
  readonly op: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

/** One metric that an expression reads, with its conditions. */
export interface Selector {
  /** Names that can be meant: several where `__name__=~"a|b"` stands. */
  readonly names: readonly string[]
  readonly matchers: readonly Matcher[]
}

/** What an expression names. */
export interface Named {
  readonly selectors: readonly Selector[]
  /** Labels of `by`, `without`, `on`, `ignoring`, `group_left` and `group_right`. */
  readonly grouping: readonly string[]
}

const tokenPattern = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\$\w+|[a-zA-Z_:][\w:]*|\d[\w.]*|[=!]~|!=|\S/g
const groupingWords = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'])
const otherWords = new Set(['and', 'or', 'unless', 'offset', 'bool', 'atan2', 'inf', 'nan'])

/**
 * The metrics and labels that a PromQL expression names; variables of Grafana may stand in strings and ranges. A reader of names, no parser: whether
 * the expression is right is asked of promtool.
 */
export function namedIn(expression: string): Named {
  const tokens: readonly string[] = expression.match(tokenPattern) ?? []
  const selectors: Selector[] = []
  const grouping: string[] = []
  for (let at = 0; at < tokens.length; at++) {
    const [token = '', next] = [tokens[at], tokens[at + 1]]
    if (groupingWords.has(token)) {
      const end = next === '(' ? tokens.indexOf(')', at) : at
      grouping.push(...tokens.slice(at + 1, end).filter(isWord))
      at = end
    } else if (token === '{' || isMetric(token, next)) {
      const selector = selectorAt(tokens, at)
      selectors.push(selector)
      at = selector.end
    }
  }
  return { selectors, grouping }
}

/** A regular expression of PromQL, cut at the `|` that stand in no bracket. */
export function alternativesOf(pattern: string): readonly string[] {
  const found: string[] = ['']
  let depth = 0
  for (const char of pattern) {
    if ('([{'.includes(char)) depth++
    if (')]}'.includes(char)) depth--
    if (char === '|' && depth === 0) found.push('')
    else found.push(`${found.pop() ?? ''}${char}`)
  }
  return found
}

function isWord(token: string): boolean {
  return /^[a-zA-Z_:]/.test(token)
}

/** A word that is neither function nor operator. */
function isMetric(token: string, next: string | undefined): boolean {
  if (!isWord(token) || otherWords.has(token)) return false
  return next !== '(' && next !== 'by' && next !== 'without'
}

/** A name, conditions in braces, or both; `end` is its last token. */
function selectorAt(tokens: readonly string[], at: number): Selector & { readonly end: number } {
  const open = tokens[at] === '{' ? at : at + 1
  const end = tokens[open] === '{' ? tokens.indexOf('}', open) : at
  const matchers = matchersOf(tokens.slice(open + 1, end))
  const name = matchers.find(({ label }) => label === '__name__')
  const names = name === undefined ? [tokens[at] ?? ''] : alternativesOf(name.value)
  return { names, matchers: matchers.filter((matcher) => matcher !== name), end }
}

function matchersOf(tokens: readonly string[]): readonly Matcher[] {
  return tokens.flatMap((token, at) => {
    const [label = '', value = ''] = [tokens[at - 1], tokens[at + 1]]
    if (token !== '=' && token !== '!=' && token !== '=~' && token !== '!~') return []
    return [{ label, op: token, value: String(JSON.parse(value)) }]
  })
}
