import http from 'node:http'
import { describe, expect, it } from 'vitest'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'
import { rest } from './wire.ts'

const cdmi = { 'X-CDMI-Specification-Version': '1.1.1' }

/** A PUT whose body is sent in pieces. */
function slowPut(simulator: Simulator, path: string): http.ClientRequest {
  const request = http.request(`${simulator.url}${path}`, {
    method: 'PUT',
    headers: { 'X-Auth-Token': simulator.token },
  })
  request.on('error', () => {})
  return request
}

describe('content', () => {
  it.each([
    ['bytes=0-4', 206, 'hello', 'bytes 0-4/11'],
    ['bytes=6-', 206, 'world', 'bytes 6-10/11'],
    ['bytes=-5', 206, 'world', 'bytes 6-10/11'],
    ['bytes=6-99', 206, 'world', 'bytes 6-10/11'],
    ['bytes=11-', 416, '', 'bytes */11'],
    ['bytes=5-3', 416, '', 'bytes */11'],
    ['lines=1-2', 416, '', 'bytes */11'],
  ])('answers the range %s with %i', async (range, status, text, contentRange) => {
    const simulator = await startSimulator()
    const id = simulator.model.create('a.txt', 'hello world')

    const reply = await rest(simulator)('GET', `/data/${id}/content`, { headers: { range } })

    expect(reply).toMatchObject({ status, text, headers: { 'content-range': contentRange } })
  })

  it('is replaced without an offset, and written into with one', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.create('a.txt', 'hello world')
    const ask = rest(simulator)

    expect((await ask('PUT', `/data/${id}/content?offset=6`, { body: 'there' })).status).toBe(204)
    expect(simulator.model.read('a.txt').toString()).toBe('hello there')
    await ask('PUT', `/data/${id}/content`, { body: 'bye' })
    expect(simulator.model.read('a.txt').toString()).toBe('bye')
    expect(await ask('PUT', `/data/${id}/content?offset=-1`)).toMatchObject({
      status: 400,
      json: { error: { id: 'badValueTooLow' } },
    })
  })

  it('of a directory lies elsewhere, and cannot be written', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.mkdir('in')
    const ask = rest(simulator)

    expect((await ask('GET', `/data/${id}/content`)).status).toBe(302)
    expect(await ask('PUT', `/data/${id}/content`)).toMatchObject({ json: { error: { details: { errno: 'eisdir' } } } })
  })

  it('of 16 GiB costs nothing, and holes are zeros that nobody holds', async () => {
    const simulator = await startSimulator()
    const size = 16 * 1024 ** 3
    const id = simulator.model.create('film.avi')
    simulator.model.write('film.avi', 1024, size - 1024)
    simulator.model.write('film.avi', 'start', 0)
    const ask = rest(simulator)

    const start = await ask('GET', `/data/${id}/content`, { headers: { range: 'bytes=0-9' } })
    const { json } = await ask('GET', `/data/${id}?attributes=size&attributes=localReplicationRate`)

    expect(start.text).toBe(`start${'\0'.repeat(5)}`)
    expect(json).toEqual({ size, localReplicationRate: 1029 / size })
    expect((await ask('GET', `/data/${id}/distribution`)).text).toContain(`[[0,5],[${size - 1024},1024]]`)
  })

  it('grows while it arrives, and what broke off stays as long as it came', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.create('a.txt')
    const request = slowPut(simulator, `/api/v3/oneprovider/data/${id}/content`)

    request.write('first')
    await waitFor('the first piece is there', () => simulator.model.stat('a.txt')?.size === 5)
    request.destroy()

    await waitFor('the connection is gone', () => simulator.requests.records.at(-1))
    expect(simulator.model.stat('a.txt')?.size).toBe(5)
  })
})

describe('creating', () => {
  it('puts a file with its content into a directory', async () => {
    const simulator = await startSimulator()
    const dir = simulator.model.mkdir('in')
    const ask = rest(simulator)

    const reply = await ask('POST', `/data/${dir}/children?name=a%20b.txt&mode=0600`, { body: 'hello' })

    expect(reply).toMatchObject({ status: 201, json: { fileId: simulator.model.stat('in/a b.txt')?.fileId } })
    expect(reply.headers.location).toContain(`/data/${String(reply.json.fileId)}`)
    expect(simulator.model.read('in/a b.txt').toString()).toBe('hello')
  })

  it.each([
    ['?name=a.txt', 'posix', { errno: 'eexist' }],
    ['', 'missingRequiredValue', { key: 'name' }],
    ['?name=b&type=PIPE', 'badValueNotAllowed', { key: 'type', allowed: ['REG', 'DIR', 'LNK', 'SYMLNK'] }],
    ['?name=b&mode=9', 'badValueInteger', { key: 'mode' }],
    ['?name=b&mode=7777', 'badValueNotInRange', { key: 'mode' }],
  ])('is refused with %s', async (query, id, details) => {
    const simulator = await startSimulator()
    simulator.model.create('a.txt')

    const reply = await rest(simulator)('POST', `/data/${simulator.space.id}/children${query}`)

    expect(reply).toMatchObject({ status: 400, json: { error: { id, details } } })
  })

  it('leaves nothing behind when it breaks off', async () => {
    const simulator = await startSimulator()
    const path = `/api/v3/oneprovider/data/${simulator.space.id}/path/a.txt`
    const request = slowPut(simulator, path)
    request.write('first')
    await waitFor('the first piece is there', () => simulator.model.stat('a.txt')?.size === 5)

    request.destroy()

    await waitFor('the file is gone', () => simulator.model.stat('a.txt') === null)
  })

  it('under a file is refused', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.create('a.txt')

    const reply = await rest(simulator)('POST', `/data/${id}/children?name=b`)

    expect(reply).toMatchObject({ status: 400, json: { error: { details: { errno: 'enotdir' } } } })
  })

  it('by path makes parents where it is told to, and updates where it is told to', async () => {
    const simulator = await startSimulator()
    const base = `/data/${simulator.space.id}/path`
    const ask = rest(simulator)

    expect(await ask('PUT', `${base}/x/y/a.txt`, { body: '1' })).toMatchObject({
      json: { error: { details: { errno: 'enoent' } } },
    })
    const made = await ask('PUT', `${base}/x/y/a.txt?create_parents=true`, { body: '12345' })
    expect(await ask('PUT', `${base}/x/y/a.txt`)).toMatchObject({ json: { error: { details: { errno: 'eexist' } } } })
    const updated = await ask('PUT', `${base}/x/y/a.txt?update_existing=true`, { body: '123' })

    expect([made.status, updated.status]).toEqual([201, 201])
    expect(updated.json).toEqual(made.json)
    expect((await ask('GET', `${base}/x/y/a.txt`)).text).toBe('123')
    expect((await ask('DELETE', `${base}/x/y/a.txt`)).status).toBe(204)
    expect(simulator.model.stat('x/y/a.txt')).toBeNull()
  })
})

describe('deleting', () => {
  it('takes a directory out of sight at once, and its files some time later', async () => {
    const simulator = await startSimulator()
    const dir = simulator.model.mkdir('in')
    const file = simulator.model.create('in/a', 'x')
    const ask = rest(simulator)

    expect((await ask('DELETE', `/data/${dir}`)).status).toBe(204)

    expect(simulator.model.stat('in')).toBeNull()
    await waitFor('the trash is emptied', async () => (await ask('GET', `/data/${file}`)).status === 400)
  })

  it('spares the root of the space', async () => {
    const simulator = await startSimulator()

    const reply = await rest(simulator)('DELETE', `/data/${simulator.space.id}`)

    expect(reply).toMatchObject({ status: 400, json: { error: { details: { errno: 'eperm' } } } })
  })
})

describe('metadata', () => {
  it('keeps extended attributes', async () => {
    const simulator = await startSimulator()
    const path = `/data/${simulator.model.create('a.txt')}/metadata/xattrs`
    const ask = rest(simulator)

    expect((await ask('GET', path)).json).toEqual({})
    await ask('PUT', path, { body: { license: 'CC-0', n: { a: 1 } } })
    await ask('PUT', path, { body: { n: 2 } })
    expect((await ask('GET', path)).json).toEqual({ license: 'CC-0', n: 2 })
    expect((await ask('GET', `${path}?attribute=n`)).json).toEqual({ n: 2 })
    await ask('DELETE', path, { body: { keys: ['n', 'unknown'] } })
    expect(await ask('GET', `${path}?attribute=n`)).toMatchObject({
      json: { error: { details: { errno: 'enodata' } } },
    })
    expect(await ask('PUT', path, { body: { cdmi_x: 1 } })).toMatchObject({
      json: { error: { details: { errno: 'eperm' } } },
    })
    expect(await ask('PUT', path, { body: '"text"' })).toMatchObject({ json: { error: { id: 'badValueJSON' } } })
  })

  it('keeps JSON', async () => {
    const simulator = await startSimulator()
    const path = `/data/${simulator.model.create('a.txt')}/metadata/json`
    const ask = rest(simulator)

    expect(await ask('GET', path)).toMatchObject({ json: { error: { details: { errno: 'enodata' } } } })
    await ask('PUT', path, { body: { a: { b: [{ c: 7 }] } } })
    expect((await ask('GET', `${path}?filter_type=keypath&filter=a.b.[0].c`)).json).toBe(7)
    expect((await ask('DELETE', path)).status).toBe(204)
    expect((await ask('GET', path)).status).toBe(400)
  })
})

describe('CDMI', () => {
  it('says that an upload is under way, and that one broke off', async () => {
    const simulator = await startSimulator()
    const { model } = simulator
    const status = async () =>
      (
        await rest(simulator)('GET', `/cdmi/cdmi_objectid/${model.stat('a')?.fileId}?completionStatus=`, {
          headers: cdmi,
        })
      ).json
    const whole = slowPut(simulator, '/cdmi/Gamma/a')
    whole.write('first')
    await waitFor('the first piece is there', () => model.stat('a')?.size === 5)
    expect(await status()).toEqual({ completionStatus: 'Processing' })
    whole.end('second')
    await waitFor('it is complete', async () => (await status()).completionStatus === 'Complete')

    const broken = slowPut(simulator, '/cdmi/Gamma/a')
    broken.write('12')
    await waitFor('the first piece is there', () => model.stat('a')?.size === 2)
    broken.destroy()

    expect(await status()).toEqual({ completionStatus: 'Processing' })
  })

  it('makes directories, moves and deletes', async () => {
    const simulator = await startSimulator()
    const id = simulator.model.create('a', 'x')
    const ask = rest(simulator)
    const qualified = `Gamma@${simulator.space.id}`
    const headers = { ...cdmi, 'content-type': 'application/cdmi-object' }

    expect((await ask('PUT', '/cdmi/Gamma/out/')).status).toBe(201)
    expect((await ask('PUT', '/cdmi/Gamma/out/')).status).toBe(204)
    const moved = await ask('PUT', `/cdmi/${qualified}/out/b`, { headers, body: { move: `${qualified}/a` } })
    const listed = await ask('GET', '/cdmi/Gamma/out/', { headers: cdmi })
    const taken = await ask('PUT', `/cdmi/${qualified}/out/b`, { headers, body: { move: `${qualified}/out/b` } })

    expect(moved.status).toBe(201)
    expect(simulator.model.stat('out/b')?.fileId).toBe(id)
    expect(listed.json).toMatchObject({ objectType: 'application/cdmi-container', children: ['b'] })
    expect(taken).toMatchObject({ status: 400, json: { error: { details: { errno: 'eexist' } } } })
    expect((await ask('DELETE', '/cdmi/Gamma/out/b')).status).toBe(204)
    expect((await ask('GET', '/cdmi/Gamma/out/b')).status).toBe(400)
  })

  it('takes and gives values inside objects', async () => {
    const simulator = await startSimulator()
    const ask = rest(simulator)
    const body = {
      value: Buffer.from('hello').toString('base64'),
      valuetransferencoding: 'base64',
      metadata: { k: 'v' },
    }

    await ask('PUT', '/cdmi/Gamma/a', { headers: cdmi, body })
    const { json } = await ask('GET', '/cdmi/Gamma/a', { headers: cdmi })

    expect(simulator.model.read('a').toString()).toBe('hello')
    expect(json).toMatchObject({
      value: body.value,
      metadata: { k: 'v' },
      objectName: 'a',
      completionStatus: 'Complete',
    })
  })

  it('writes a part of a file where it is told which', async () => {
    const simulator = await startSimulator()
    simulator.model.create('a', 'hello world')

    await rest(simulator)('PUT', '/cdmi/Gamma/a', { headers: { 'content-range': 'bytes 6-10/11' }, body: 'there' })

    expect(simulator.model.read('a').toString()).toBe('hello there')
  })
})
