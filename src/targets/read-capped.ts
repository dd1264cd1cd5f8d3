/** At most this much of an answer is kept. */
export const mostAnswerBytes = 1_024

/** The first kilobyte of an answer; a longer one is cut off with its connection. */
export async function readCapped(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > mostAnswerBytes) break
  }
  return Buffer.concat(chunks).subarray(0, mostAnswerBytes).toString('utf8')
}
