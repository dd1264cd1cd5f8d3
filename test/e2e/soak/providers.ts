import type { Federation } from '../../../src/simulator/create-federation.ts'
import type { Simulator } from '../../../src/simulator/create-simulator.ts'
import type { SpaceModel } from '../../../src/simulator/model/space-model.ts'

/** Two providers of one space in a zone, and where people work: with the one that is there. */
export class Providers {
  readonly #federation: Federation
  #present: Simulator

  constructor(federation: Federation) {
    this.#federation = federation
    this.#present = this.#other('')
  }

  get all(): readonly Simulator[] {
    return this.#federation.providers
  }

  get present(): Simulator {
    return this.#present
  }

  get model(): SpaceModel {
    return this.#present.model
  }

  get zone(): string {
    return this.#federation.zone.url
  }

  get token(): string {
    return this.#present.token
  }

  get space(): Simulator['space'] {
    return this.#present.space
  }

  /** People go over to the other provider, and this one is down until what is returned is called. */
  async goAway(url: string): Promise<() => Promise<void>> {
    const away = this.all.find((each) => each.url === url)
    if (away === undefined) throw new Error(`there is no provider at "${url}"`)
    this.#present = this.#other(url)
    await away.stop()
    return () => away.start()
  }

  #other(url: string): Simulator {
    const other = this.all.find((each) => each.url !== url)
    if (other === undefined) throw new Error('a space needs two providers here')
    return other
  }
}
