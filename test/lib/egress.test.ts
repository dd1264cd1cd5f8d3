import { once } from 'node:events'
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { describe, expect, it } from 'vitest'
import {
  createEgress,
  type Egress,
  type EgressOptions,
  isForbiddenAddress,
  type Resolve,
} from '../../src/lib/egress.ts'

const answering =
  (...addresses: string[]): Resolve =>
  (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

function addressesOf(egress: Egress, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    egress.lookup(name, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)))
  })
}

const allowing = (options: EgressOptions, host: string) => () => createEgress(options).checkHost(host)

describe('what is never reached', () => {
  it.each([
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '0.0.0.0',
    '224.0.0.1',
    'fd00:ec2::254',
    'fe80::1%eth0',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
  ])('is %s', (address) => expect(isForbiddenAddress(address)).toBe(true))

  it.each([
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
    '169.254.43518',
    '169.254.169.254.',
    '１６９.254.169.254',
    '%31%36%39.254.169.254',
    '[::ffff:a9fe:a9fe]',
    'fe80::1%25eth0',
    'METADATA.google.internal.',
  ])('is %s, however it is spelled', (host) => expect(allowing({}, host)).toThrow('never contacted'))

  it('is a metadata address that the operator allows', () =>
    expect(allowing({ allow: ['169.254.0.0/16'] }, '169.254.169.254')).toThrow('never contacted'))

  it('is a name of which one address is forbidden', async () => {
    const egress = createEgress({ resolve: answering('127.0.0.1', '169.254.169.254') })
    await expect(addressesOf(egress, 'hook.test')).rejects.toThrow('169.254.169.254')
  })
})

describe('what the operator says', () => {
  it.each(['127.0.0.1', '::1', '10.1.2.3', '192.168.0.1', '172.16.0.1', 'fd12::1', 'hook.test'])('may be %s', (host) =>
    expect(allowing({}, host)).not.toThrow(),
  )

  it('narrows to what is allowed', async () => {
    const allow = ['10.0.0.0/8', '*.example.org']
    expect(allowing({ allow }, '10.1.2.3')).not.toThrow()
    expect(allowing({ allow }, '11.1.2.3')).toThrow('not among')
    const egress = createEgress({ allow, resolve: answering('192.0.2.1') })
    await expect(addressesOf(egress, 'a.example.org')).resolves.toEqual([{ address: '192.0.2.1', family: 4 }])
    await expect(addressesOf(egress, 'example.org')).rejects.toThrow('not among')
  })

  it('denies also what is allowed', async () => {
    const options = { allow: ['10.0.0.0/8', 'hook.test'], deny: ['10.0.0.1', 'HOOK.test'] }
    expect(allowing(options, '::ffff:10.0.0.1')).toThrow('denied')
    expect(allowing(options, 'hook.test')).toThrow('denied')
    await expect(addressesOf(createEgress({ ...options, resolve: answering('10.0.0.1') }), 'b.test')).rejects.toThrow(
      'denied',
    )
  })

  it('must be ranges that are some', () => expect(() => createEgress({ deny: ['10.0.0.0/x'] })).toThrow(TypeError))
})

it('connects to the address that was checked, though the name means another one the next time', async () => {
  let asked = 0
  const resolve: Resolve = (name, options, callback) =>
    answering(asked++ === 0 ? '127.0.0.1' : '169.254.169.254')(name, options, callback)
  const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const pool = () => new Pool(`http://hook.test:${port}`, { connect: { lookup: createEgress({ resolve }).lookup } })
  const [first, second] = [pool(), pool()]
  const request = { method: 'POST', path: '/' } as const
  await expect(first.request(request).then(({ body }) => body.dump())).resolves.not.toThrow()
  expect(asked).toBe(1)
  await expect(second.request(request)).rejects.toThrow('169.254.169.254')
  await Promise.all([first.destroy(), second.destroy()])
  server.close()
})
