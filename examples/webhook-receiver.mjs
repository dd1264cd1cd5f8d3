// Receives events, believes only what is signed, and takes each delivery once.
// npm install standardwebhooks; HOOK_SECRET=whsec_… PORT=8080 node webhook-receiver.mjs
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

const webhook = new Webhook(process.env.HOOK_SECRET ?? '')
// In memory for the example; keep it where it survives a restart.
const seen = new Set()

const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  try {
    webhook.verify(body, request.headers)
  } catch {
    response.writeHead(401).end('the signature is not right\n')
    return
  }
  const id = request.headers['webhook-id']
  if (!seen.has(id)) {
    console.log(`process ${JSON.parse(body).Key}`)
    seen.add(id)
  }
  response.writeHead(204).end()
})
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
