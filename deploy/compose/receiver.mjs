// Shows what a webhook gets, and takes it: for the profile `try` of ../compose.yaml.
import { createServer } from 'node:http'

const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  console.log(`${request.headers['webhook-id']} ${body}`)
  response.writeHead(204).end()
})
process.once('SIGTERM', () => process.exit(0))
server.listen(9000)
