import { describe, expect, it } from 'vitest'
import { defaultStorePath } from '../../src/config/store-path.ts'

const watched = { host: 'provider.example.org', space: 'My Space', folder: 'in/Videos' }

describe('the default place of the database', () => {
  it('is the state folder of the user', () => {
    expect(defaultStorePath({ XDG_STATE_HOME: '/state' }, '/users/ada', null)).toBe('/state/onetrigger/onetrigger.db')
    expect(defaultStorePath({}, '/users/ada', null)).toBe('/users/ada/.local/state/onetrigger/onetrigger.db')
  })

  it('passes over a state folder that is empty or relative, as XDG has it', () => {
    expect(defaultStorePath({ XDG_STATE_HOME: '' }, '/users/ada', null)).toContain('/users/ada/')
    expect(defaultStorePath({ XDG_STATE_HOME: 'state' }, '/users/ada', null)).toContain('/users/ada/')
  })

  it('is readable, and the same at every start', () => {
    expect(defaultStorePath({ XDG_STATE_HOME: '/s' }, '/u', watched)).toBe(
      '/s/onetrigger/provider.example.org_my-space_in-videos_75df27005f06.db',
    )
  })

  it.each([
    { host: 'provider.example.org:8443' },
    { space: 'my space' },
    { space: 'My-Space' },
    { folder: 'in-videos' },
    { folder: '' },
  ])('is another one for %o', (change) => {
    expect(defaultStorePath({}, '/u', { ...watched, ...change })).not.toBe(defaultStorePath({}, '/u', watched))
  })

  it.each(['https://provider.example.org', 'PROVIDER.example.org', 'https://provider.example.org:443/'])(
    'is the same for the provider as %s',
    (host) => {
      expect(defaultStorePath({}, '/u', { ...watched, host })).toBe(defaultStorePath({}, '/u', watched))
    },
  )

  it.each(['../../x', '.hidden', 'a/b\0c', 'é'.repeat(300), '-rf'])(
    'stays in its folder for a space called %j',
    (space) => {
      const path = defaultStorePath({ XDG_STATE_HOME: '/s' }, '/u', { ...watched, space })

      expect(path).toMatch(/^\/s\/onetrigger\/[a-z0-9][a-z0-9._-]{1,160}\.db$/)
    },
  )

  it('has no file name that looks like a flag or is hidden', () => {
    expect(defaultStorePath({ XDG_STATE_HOME: '/s' }, '/u', { ...watched, host: '[::1]:8080' })).toMatch(
      /^\/s\/onetrigger\/1-8080_my-space/,
    )
  })
})
