import type { Play } from './scenario.ts'

const kilobyte = 1_024
const megabyte = 1_024 * kilobyte
const gigabyte = 1_024 * megabyte

/** A video of 16 GiB that grows for a quarter of a minute, with a pause after each step. */
export async function slowVideo(play: Play): Promise<void> {
  const path = play.path('holiday.avi')
  await play.upload(path, { bytes: 16 * gigabyte, steps: 8, pauseMs: 2_000 })
  play.finish(path)
}

/** Many images within about a second. */
export async function imageBurst(play: Play): Promise<void> {
  const { files, random } = play.stage
  const perBatch = Math.ceil(files / 10)
  for (let index = 0; index < files; index++) {
    if (index > 0 && index % perBatch === 0) await play.pause(100)
    const bytes = 100 * kilobyte + Math.floor(random() * 4 * megabyte)
    play.arrive(play.path(`image-${String(index + 1).padStart(5, '0')}.png`), bytes)
  }
}

/** A browser's chunks: the last one comes first, so the size is right long before the bytes are there. */
export async function outOfOrder(play: Play): Promise<void> {
  const path = play.path('scan-3d.tiff')
  const chunk = 64 * megabyte
  play.stage.model.create(path)
  for (const at of [5, 0, 3, 1, 4, 2]) {
    play.stage.model.write(path, chunk, at * chunk)
    play.stage.model.sync(path)
    if (at !== 2) await play.pause(2_500)
  }
  play.finish(path)
}

/** Uploads under a temporary name that are renamed when they are whole, as browsers and rsync do. */
export async function renamedUploads(play: Play): Promise<void> {
  const uploads = [
    { temporary: 'report.pdf.part', name: 'report.pdf', pauseMs: 1_500 },
    { temporary: '.telemetry.csv.k3Xz9Q', name: 'telemetry.csv', pauseMs: 1_000 },
  ]
  for (const { temporary, name, pauseMs } of uploads) {
    await play.upload(play.path(temporary), { bytes: 30 * megabyte, steps: 4, pauseMs })
    play.stage.model.move(play.path(temporary), play.path(name))
    play.finish(play.path(name))
  }
}

/** A file that is whole, is reported, and later gets new content under the same name and id. */
export async function overwritten(play: Play): Promise<void> {
  const path = play.path('model.bin')
  play.arrive(path, 8 * megabyte)
  await play.settle()
  play.stage.model.truncate(path, 0)
  await play.upload(path, { bytes: 9 * megabyte, steps: 3, pauseMs: 1_000 })
  play.finish(path)
}

/** An upload that stops half-way and keeps its temporary name. */
export async function abandonedPart(play: Play): Promise<void> {
  const path = play.path('gave-up.mkv.part')
  await play.upload(path, { bytes: 2 * gigabyte, steps: 3, pauseMs: 1_500 })
  play.never(path, 'temporaryName')
}

/** A chunked upload that stops with bytes missing in the middle. */
export async function abandonedChunks(play: Play): Promise<void> {
  const path = play.path('gave-up.tiff')
  const { model } = play.stage
  model.create(path)
  for (const at of [3, 0]) {
    model.write(path, 16 * megabyte, at * 16 * megabyte)
    model.sync(path)
    await play.pause(1_500)
  }
  play.never(path, 'holes')
}

/** Names that break careless programs. */
export async function oddNames(play: Play): Promise<void> {
  const names = [
    'with blank.txt',
    'hash#tag.txt',
    'what?.txt',
    'percent%41.txt',
    'plus+and&amp.txt',
    `quotes"'.txt`,
    'back\\slash.txt',
    '-leading-dash.txt',
    '🛰️ satellite.txt',
    'Łódź.txt',
    'caf\u00e9.txt',
    'cafe\u0301.txt',
    'Upper.TXT',
    'upper.txt',
    `${'n'.repeat(251)}.txt`,
  ]
  for (const name of names) {
    play.arrive(play.path(name), `content of ${name}`)
    await play.pause(100)
  }
}

/** Files in waves while the provider answers badly, loses events and cuts streams; the end is quiet. */
export async function waves(play: Play): Promise<void> {
  const { faults, files } = play.stage
  const troubles = [
    () => faults.http({ kind: 'error', status: 503 }, { probability: 0.3 }),
    () => faults.http({ kind: 'reset' }, { probability: 0.2 }),
    () => faults.http({ kind: 'html', status: 502 }, { probability: 0.2 }),
    () => faults.events('drop', { probability: 0.3 }),
    () => faults.events('double', { probability: 0.5 }),
    () => faults.events('reorder', { probability: 0.3 }),
    () => faults.events('undecodable', { probability: 0.1 }),
    () => faults.cutStreams(),
    () => faults.freezeStreams(),
  ]
  for (const [wave, begin] of troubles.entries()) {
    begin()
    for (let index = 0; index < Math.ceil(files / troubles.length); index++) {
      play.arrive(play.path(`wave-${wave + 1}-${String(index + 1).padStart(4, '0')}.dat`), 10 * kilobyte + index)
    }
    await play.pause(2_000)
    faults.clear()
  }
}
