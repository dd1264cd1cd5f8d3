/** At most this many bytes of an answer are kept. */
const mostAnswerBytes = 1_024

/** The first kilobyte of an answer, less a character that the cap would cut in two; a longer one is cut off with its connection. */
export async function readCapped(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > mostAnswerBytes) break
  }
  return cappedBytes(Buffer.concat(chunks))
}

/** The first kilobyte of a text. */
export function capped(text: string): string {
  return cappedBytes(Buffer.from(text, 'utf8'))
}

/** The first kilobyte of text in UTF-8. */
export function cappedBytes(bytes: Uint8Array): string {
  // `stream` holds back an unfinished character, which would otherwise become a longer replacement character.
  return new TextDecoder().decode(bytes.subarray(0, mostAnswerBytes), { stream: true })
}
