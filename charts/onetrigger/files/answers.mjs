// What `helm test` asks a release through its Service: is it ready, and does it give metrics? `answers.mjs URL SECONDS`; it may get ready meanwhile.
const [url, seconds] = process.argv.slice(-2)

async function ask(path) {
  try {
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) })
    return { ok: answer.ok, text: await answer.text() }
  } catch (error) {
    return { ok: false, text: String(error.cause ?? error) }
  }
}

let readiness = await ask('/readyz')
for (let left = Number(seconds); !readiness.ok && left > 0; left -= 1) {
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  readiness = await ask('/readyz')
}
const metrics = await ask('/metrics')
const areOurs = metrics.ok && metrics.text.includes('onetrigger_build_info')
console.log(`${url}/readyz: ${readiness.text}`)
console.log(`${url}/metrics: ${areOurs ? 'in order' : metrics.text.slice(0, 1_000)}`)
process.exitCode = readiness.ok && areOurs ? 0 : 1
