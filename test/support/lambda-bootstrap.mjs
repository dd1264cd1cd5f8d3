// What AWS' own runtime for Node does, in short: loads the handler, then asks the Runtime API for one invocation after the other.
// An event that says `aheadMs` sets the machine's clock ahead by so much: between two invocations a sandbox may have been frozen.
import { join } from 'node:path'

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT = '', _HANDLER = '' } = process.env
const api = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`
const machine = Date.now.bind(Date)
let aheadMs = 0
Date.now = () => machine() + aheadMs

const handler = await load().catch(async (error) => {
  await post('init/error', told(error))
  process.exit(1)
})
for (;;) await answer(await fetch(`${api}/invocation/next`))

async function load() {
  const [file, name] = _HANDLER.split('.')
  const loaded = await import(join(LAMBDA_TASK_ROOT, `${file}.mjs`))
  return loaded[name]
}

async function answer(next) {
  const id = next.headers.get('lambda-runtime-aws-request-id')
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'))
  const event = await next.json()
  aheadMs = event.aheadMs ?? aheadMs
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - machine() }
  try {
    const result = await handler(event, context)
    await post(`invocation/${id}/response`, result)
  } catch (error) {
    await post(`invocation/${id}/error`, told(error))
  }
}

function told(error) {
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') }
}

async function post(path, body) {
  await (await fetch(`${api}/${path}`, { method: 'POST', body: JSON.stringify(body) })).text()
}
