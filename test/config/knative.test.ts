import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { problemsOf, withFlags } from './load-input.ts'

const source = { ONEPROVIDER_HOST: 'provider.example.org', ONEDATA_ACCESS_TOKEN: 'token-value', ONEDATA_SPACE: 'Gamma' }

describe('a sink that Knative names', () => {
  it('is where events go, as binary CloudEvents with the attributes that the platform adds', () => {
    const env = {
      ...source,
      K_SINK: 'http://broker.example.org/default',
      K_CE_OVERRIDES: '{"extensions":{"team":"vision"}}',
      K_CA_CERTS: '-----BEGIN CERTIFICATE-----',
    }

    expect(loadConfig(withFlags({}, env)).targets.get('webhook')).toMatchObject({
      type: 'webhook',
      options: {
        url: { env: 'K_SINK' },
        format: 'cloudevents-binary',
        policy: 'knative',
        extensions: { team: 'vision' },
        ca: { env: 'K_CA_CERTS' },
      },
    })
  })

  it('needs nothing beside it', () => {
    const { options } = loadConfig(withFlags({}, { ...source, K_SINK: 'http://sink' })).targets.get('webhook') ?? {}
    expect(options).toEqual({
      url: { env: 'K_SINK' },
      format: 'cloudevents-binary',
      policy: 'knative',
      extensions: {},
    })
  })

  it('gives way to a webhook that a person names', () => {
    const env = { ...source, K_SINK: 'http://sink', ONETRIGGER_WEBHOOK: 'https://example.org/hook' }
    expect(loadConfig(withFlags({}, env)).targets.get('webhook')?.options).toEqual({ url: 'https://example.org/hook' })
  })

  it.each(['{', '[]', '{"extensions":{"a":1}}', 'null'])('with overrides that are %s is refused', (overrides) => {
    const env = { ...source, K_SINK: 'http://sink', K_CE_OVERRIDES: overrides }
    expect(problemsOf(withFlags({}, env)).join()).toContain('K_CE_OVERRIDES is no JSON')
  })

  it('that is missing is told of as a webhook that is missing', () => {
    expect(problemsOf(withFlags({}, { ...source, K_SINK: '' })).join()).toContain(
      'Webhook to send events is not provided',
    )
  })
})
