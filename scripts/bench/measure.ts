// One measurement in a process of its own, for main.ts: node measure.ts NAME SIZE RUNS. Sends the values of each run to its parent, or prints them
// where it has none.
import { measurements } from './measurements.ts'

const [name, size = '{}', runs = '1'] = process.argv.slice(2)
const measurement = measurements.find((each) => each.name === name)
if (measurement === undefined) throw new Error(`there is no measurement "${name}"`)
for await (const values of measurement.measure(JSON.parse(size), Number(runs))) {
  if (process.send === undefined) console.log(values)
  else process.send(values)
}
process.exit(0)
