// Runs in the cluster beside a simulated provider, from an image that has Node only: uploads files, receives their events, and remembers both.
//   GET /state        what was finished and what came
//   PUT /rate/5       uploads so many files a second from now on
//   PUT /secrets      the secrets of which a signature may be made, as a JSON list
//   POST /hook        the webhook
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'

const [api, token] = process.argv.slice(2)
const finished = []
const received = []
let perSecond = 0
let files = 0
let secrets = []

async function ask(method, path, body) {
  const response = await fetch(`${api}/api/v3/oneprovider${path}`, {
    method,
    headers: { 'X-Auth-Token': token },
    ...(body === undefined ? {} : { body }),
  })
  if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}: ${await response.text()}`)
  const text = await response.text()
  return text === '' ? null : JSON.parse(text)
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** In two steps; it is finished at the second. */
async function upload(parent, name) {
  const { fileId } = await ask('POST', `/data/${parent}/children?name=${name}`, 'first')
  await sleep(300)
  const began = Date.now()
  await ask('PUT', `/data/${fileId}/content?offset=5`, 'second')
  await sleep(300)
  const { size, mtime } = await ask('GET', `/data/${fileId}`)
  finished.push({ path: `in/${name}`, fileId, size, mtime, finishedAt: began })
}

async function keepUploading() {
  const { fileId } = await ask('POST', '/lookup-file-id/Gamma/in')
  for (;;) {
    if (perSecond === 0) {
      await sleep(20)
      continue
    }
    const name = `file-${String(files++).padStart(6, '0')}.dat`
    upload(fileId, name).catch((error) => console.error(error))
    await sleep(1_000 / perSecond)
  }
}

function signedBy(headers, body) {
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const given = String(headers['webhook-signature']).split(' ')
  return secrets.findIndex((secret) => {
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
    return given.includes(`v1,${createHmac('sha256', key).update(text).digest('base64')}`)
  })
}

const server = createServer(async (request, response) => {
  const at = Date.now()
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  const [, route, value] = request.url.split('/')
  if (route === 'hook') {
    const { headers } = request
    received.push({ id: headers['webhook-id'], at, key: JSON.parse(body).Key, signedBy: signedBy(headers, body) })
    return response.writeHead(204).end()
  }
  if (route === 'rate') perSecond = Number(value)
  if (route === 'secrets') secrets = JSON.parse(body)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(route === 'state' ? { now: at, finished, received } : {}))
})
// The simulator may start a moment later.
for (;;) {
  const answer = await fetch(api).catch(() => null)
  if (answer !== null) break
  await sleep(100)
}
server.listen(8080)
void keepUploading()
