import { connect } from 'node:net'
import fc from 'fast-check'
import { startHttp } from '../../../src/http/server.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { type Area, property } from '../fuzz.ts'

const pieces = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom(
        'GET ',
        'POST ',
        'HEAD ',
        'OPTIONS * ',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        '/livez',
        '/readyz',
        '/metrics',
        '/api/v1/',
        '/%',
        '/%00',
        '/..%2f..%2f',
        '?a=b&a[]=c&__proto__=x',
        ' HTTP/1.1\r\n',
        ' HTTP/1.0\r\n',
        ' HTTP/9.9\r\n',
        'Host: x\r\n',
        'Content-Length: 5\r\n',
        'Content-Length: -1\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Content-Type: application/json\r\n',
        'Expect: 100-continue\r\n',
        'Upgrade: websocket\r\nConnection: upgrade\r\n',
        '\r\n',
        '\n',
        '{"__proto__":{}}',
        'ffffffffffff\r\n',
        '0\r\n\r\n',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 40_000 }).map((length) => `x: ${'y'.repeat(length)}\r\n`) },
  ),
  { maxLength: 14 },
)

/** Sends bytes, hangs up, and gives back all that comes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    socket.end(bytes)
  })
}

export const http: Area = {
  'whatever is sent to the port of health and metrics, it answers in HTTP or hangs up, and lives on': async (
    run,
    kept,
  ) => {
    const options = { health: () => ({ ready: true, parts: {} }), metrics: async () => '# nothing\n', log: silentLog }
    const server = await startHttp({ listen: { host: '127.0.0.1', port: 0 }, ...options })
    const port = Number(new URL(server.url).port)
    try {
      const check = property(pieces, async (parts) => {
        const answer = await exchange(port, parts.join(''))
        if (answer !== '' && !/^HTTP\/1\.1 [1-5]\d\d /.test(answer))
          throw new Error(`it answered ${answer.slice(0, 200)}`)
        if (/^HTTP\/1\.1 5(?!05)\d\d /.test(answer)) throw new Error(`it answered ${answer.slice(0, 200)}`)
        const alive = await exchange(port, 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        if (!alive.startsWith('HTTP/1.1 200 ')) throw new Error(`after that: ${alive.slice(0, 200)}`)
      })
      await check(run, kept)
    } finally {
      await server.close()
    }
  },
}
