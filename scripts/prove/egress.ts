import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { createEgress, EgressError, type EgressOptions } from '../../src/lib/egress.ts'
import { internal, readOptions } from '../options.ts'

/** One request that is tried; `answers` are what the name server says, one list for each time it is asked. */
interface Case {
  readonly kind: string
  readonly host: string
  readonly answers?: readonly (readonly string[])[]
  readonly options?: EgressOptions
  readonly reach: boolean
}

interface Row {
  readonly kind: string
  readonly host: string
  readonly reach: boolean
  readonly refused: boolean
  readonly reached: boolean
  readonly detail: string
}

const metadata4 = ['169.254.169.254', '169.254.170.2', '168.63.129.16', '100.100.100.200', '192.0.0.192']
const forbidden4 = [
  ...metadata4,
  ...Array.from({ length: 60 }, (_, index) => `169.254.${(index * 37) % 256}.${(index * 91) % 256}`),
  ...Array.from({ length: 16 }, (_, index) => `${224 + index}.0.0.${index + 1}`),
  '0.0.0.0',
  '0.1.2.3',
  '255.255.255.255',
]
const forbidden6 = ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254', 'fe80::1', 'febf::1', 'ff02::1', 'ff0e::1', '::']
const loopback4 = ['127.0.0.1', ...Array.from({ length: 20 }, (_, index) => `127.${index}.${index * 3}.9`)]

const bytesOf = (address: string) => address.split('.').map(Number)
const numberOf = (address: string) => bytesOf(address).reduce((sum, byte) => sum * 256 + byte, 0)
const hex = (value: number, digits = 0) => value.toString(16).padStart(digits, '0')
const wide = (text: string) => text.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))
const percent = (text: string) => text.replace(/\d/g, (digit) => `%3${digit}`)

function spellings(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = bytesOf(address)
  const all = numberOf(address)
  const octal = [a, b, c, d].map((byte) => `0${byte.toString(8)}`).join('.')
  const hexes = [a, b, c, d].map((byte) => `0x${hex(byte)}`).join('.')
  return [
    ...[address, `${address}.`, wide(address), percent(address), address.replaceAll('.', '。')],
    ...[String(all), `0x${hex(all)}`, `0X${hex(all).toUpperCase()}`, `0${all.toString(8)}`, octal, hexes],
    ...[`${a}.${all % 2 ** 24}`, `${a}.${b}.${all % 2 ** 16}`, `0x${hex(a)}.${all % 2 ** 24}`],
  ]
}

function wrapped(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = bytesOf(address)
  const [high, low] = [hex(a * 256 + b), hex(c * 256 + d)]
  const forms = [`::ffff:${high}:${low}`, `::ffff:${address}`, `0:0:0:0:0:FFFF:${high}:${low}`]
  return [...forms, `64:ff9b::${high}:${low}`, `64:ff9b::${address}`, `2002:${high}:${low}::1`]
}

function cases(): Case[] {
  const wrap = forbidden4.flatMap(wrapped)
  const addresses = [...forbidden4, ...forbidden6]
  const refused = (kind: string, host: string, more: Partial<Case> = {}): Case => ({
    kind,
    host,
    reach: false,
    ...more,
  })
  const reached = (kind: string, host: string, more: Partial<Case> = {}): Case => ({ kind, host, reach: true, ...more })
  const everything = { allow: ['0.0.0.0/0', '::/0', '*.test'] }
  return [
    ...forbidden4.flatMap(spellings).map((host) => refused('literal spelled', host)),
    ...[...wrap, ...forbidden6].map((address) => refused('literal IPv6', `[${address}]`)),
    ...addresses.map((address, index) => refused('name', `n${index}.test`, { answers: [[address]] })),
    ...wrap.map((address, index) => refused('name, wrapped', `w${index}.test`, { answers: [[address]] })),
    ...addresses.map((address, index) => refused('several', `s${index}.test`, { answers: [['127.0.0.1', address]] })),
    ...addresses.map((address, index) => refused('several', `t${index}.test`, { answers: [[address, '127.0.0.1']] })),
    ...addresses.map((bad, index) => reached('rebinding', `r${index}.test`, { answers: [['127.0.0.1'], [bad]] })),
    ...addresses.map((bad, index) =>
      refused('allowed all', `a${index}.test`, { answers: [[bad]], options: everything }),
    ),
    ...['metadata.google.internal', 'METADATA.goog', 'metadata.'].map((host) => refused('metadata name', host)),
    ...loopback4.map((host) => refused('denied', host, { options: { deny: ['127.0.0.0/8'] } })),
    ...loopback4.map((host) => refused('not allowed', host, { options: { allow: ['10.0.0.0/8'] } })),
    ...loopback4.map((host) => reached('allowed', host, { options: { allow: ['127.0.0.0/8'] } })),
    ...loopback4.flatMap(spellings).map((host) => reached('private literal', host)),
    ...loopback4.map((address, index) => reached('private name', `p${index}.test`, { answers: [[address]] })),
    ...['[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', 'localhost'].map((host) =>
      reached('private literal', host, host === 'localhost' ? { answers: [['127.0.0.1']] } : {}),
    ),
  ]
}

/** The traced half: a receiver and the requests, in one process, whose every connection strace writes down. */
async function attempt(file: string): Promise<void> {
  const seen = new Set<string>()
  const server = createServer((request, response) => {
    seen.add(String(request.headers['x-case']))
    // What follows a redirect would ask the metadata service.
    response.writeHead(302, { Location: 'http://169.254.169.254/latest/meta-data/' }).end()
  }).listen(0, '::')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const rows: Row[] = []
  for (const [index, each] of cases().entries()) {
    const detail = await send(each, port, String(index))
    const { kind, host, reach } = each
    rows.push({ kind, host, reach, refused: detail === 'refused', reached: seen.has(String(index)), detail })
  }
  server.close()
  writeFileSync(file, JSON.stringify(rows))
}

async function send({ host, answers = [], options }: Case, port: number, id: string): Promise<string> {
  let asked = 0
  const egress = createEgress({
    ...options,
    resolve: (_name, _options, callback) => {
      const found = answers[Math.min(asked++, answers.length - 1)] ?? []
      callback(
        null,
        found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
    },
  })
  const url = new URL(`http://${host}:${port}/`)
  const pool = new Pool(url.origin, { connect: { lookup: egress.lookup, timeout: 2_000 } })
  try {
    egress.checkHost(url.hostname)
    const { body } = await pool.request({ method: 'POST', path: '/', headers: { 'x-case': id } })
    await body.dump()
    return 'sent'
  } catch (error) {
    return error instanceof EgressError ? 'refused' : String(error)
  } finally {
    await pool.destroy()
  }
}

/** Runs the other half under strace; by its record, not by the guard's word, only loopback may have been connected to. */
function prove(): void {
  if (spawnSync('strace', ['--version']).status !== 0) {
    console.error('strace is missing, and without it nothing is proved; it is in the Debian package "strace".')
    process.exit(2)
  }
  const folder = mkdtempSync(join(tmpdir(), 'onetrigger-egress-'))
  try {
    const [trace, results] = [join(folder, 'trace'), join(folder, 'rows.json')]
    const traced = ['-f', '-e', 'trace=connect,sendto,sendmsg,sendmmsg', '-o', trace, process.execPath]
    const child = spawnSync('strace', [...traced, import.meta.filename, '--results', results], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    if (child.status !== 0) throw new Error(`the traced process ended with ${child.status}`)
    // as: written by the process above
    const rows = JSON.parse(readFileSync(results, 'utf8')) as Row[]
    report(rows, destinations(readFileSync(trace, 'utf8')))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function destinations(trace: string): string[] {
  return [...trace.matchAll(/inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"/g)].map(
    ([, four, six]) => four ?? six ?? '',
  )
}

function report(rows: readonly Row[], connected: readonly string[]): void {
  const isWrong = ({ reach, refused, reached }: Row) => reach !== reached || reach === refused
  const kinds = Map.groupBy(rows, ({ kind }) => kind)
  console.table(
    [...kinds].map(([kind, of]) => ({
      kind,
      cases: of.length,
      refused: of.filter(({ refused }) => refused).length,
      reached: of.filter(({ reached }) => reached).length,
      wrong: of.filter(isWrong).length,
    })),
  )
  const wrong = rows.filter(isWrong)
  for (const row of wrong.slice(0, 20)) console.log(JSON.stringify(row))
  const elsewhere = connected.filter((address) => !/^(::ffff:)?127\.|^::1$/.test(address))
  const expected = rows.filter(({ reach }) => reach).length
  console.log(
    `${rows.length} cases, ${wrong.length} wrong; strace saw ${connected.length} connections (${expected} due)`,
  )
  console.log(`connections to anything but loopback: ${elsewhere.length} ${[...new Set(elsewhere)].join(' ')}`)
  if (rows.length < 2_000 || wrong.length > 0 || elsewhere.length > 0 || connected.length !== expected)
    process.exitCode = 1
}

const { results } = readOptions({
  command: 'prove:egress',
  about:
    "Tries to reach forbidden addresses through the guard, and lets the kernel's own record (strace) say what was connected to. Needs Linux and strace.",
  examples: { '': 'all of its cases' },
  options: { results: internal('where the traced half writes what it saw') },
})
if (results === undefined) prove()
else await attempt(results)
