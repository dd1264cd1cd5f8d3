import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '..', '..', '..')
const jars = join(root, 'node_modules', '.cache', 'onetrigger', 'dynamodb-local-2.6.1')

/** Fetches it from Maven Central with all it needs, once. What is missing is said, and fails the run: nothing is skipped. */
function install(): void {
  if (existsSync(join(jars, 'DynamoDBLocal-2.6.1.jar'))) return
  const pom = join(import.meta.dirname, 'pom.xml')
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`]
  try {
    execFileSync('mvn', [...args, '-DincludeScope=runtime'], { stdio: 'inherit' })
  } catch (cause) {
    throw new Error('this suite needs Maven and a JDK 17 (Debian: apt-get install maven openjdk-17-jdk-headless)', {
      cause,
    })
  }
}

/** Starts Amazon's DynamoDB Local on loopback, in memory; it ends with this process. */
export async function startDynamoLocal(): Promise<{ readonly url: string; close(): void }> {
  install()
  const args = [`-Djava.library.path=${jars}`, '-cp', join(jars, '*'), join(import.meta.dirname, 'Local.java')]
  const server = spawn('java', args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const errors: string[] = []
  createInterface({ input: server.stderr }).on('line', (line) => errors.push(line))
  const url = await new Promise<string>((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', (code) =>
      reject(new Error(`DynamoDB Local ended with exit code ${code}\n${errors.join('\n')}`)),
    )
    createInterface({ input: server.stdout }).on('line', (line) => {
      const found = /listening on (http:\S+)/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
  return { url, close: () => server.stdin.end() }
}
