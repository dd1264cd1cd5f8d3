import { answers } from './areas/answers.ts'
import { configuration } from './areas/configuration.ts'
import { events } from './areas/events.ts'
import { http } from './areas/http.ts'
import { provider } from './areas/provider.ts'
import { sessions } from './areas/sessions.ts'
import { streams } from './areas/streams.ts'
import type { Area } from './fuzz.ts'

/** Everything that comes from outside, by the door it comes through. */
export const areas: Readonly<Record<string, Area>> = {
  streams,
  provider,
  events,
  configuration,
  http,
  answers,
  sessions,
}
