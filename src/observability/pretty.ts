/** One JSON line of the log as people read it: `18:30:01 INFO  message  key=value`; an error's stack follows on lines of its own. */
export function formatLine(json: string): string {
  const { time, level, msg, err, ...fields } = parse(json)
  const head = `${clockTime(time)} ${String(level).toUpperCase().padEnd(5)} ${plain(String(msg))}`
  const data = Object.entries(fields).map(([key, value]) => `${plain(key)}=${show(value)}`)
  const line = data.length === 0 ? head : `${head}  ${data.join(' ')}`
  return `${line}${errorText(err)}\n`
}

function parse(json: string): Readonly<Record<string, unknown>> {
  // pino's own line: always an object.
  return JSON.parse(json) as Readonly<Record<string, unknown>>
}

function clockTime(time: unknown): string {
  const date = new Date(String(time))
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

function show(value: unknown): string {
  if (typeof value !== 'string') return plain(JSON.stringify(value) ?? String(value))
  return /^[^\s"=\p{C}]+$/u.test(value) ? value : plain(JSON.stringify(value))
}

/** Names of files come from strangers: nothing in them may move the cursor or colour the terminal. */
function plain(text: string): string {
  return text.replaceAll(/\p{C}/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}

function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return ''
  const text = 'stack' in err && typeof err.stack === 'string' ? err.stack : JSON.stringify(err)
  const lines = text.split('\n').map((line) => `\n    ${plain(line)}`)
  return lines.join('') + ('cause' in err ? errorText(err.cause) : '')
}
