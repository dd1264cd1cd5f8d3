/** At most this many bytes of an answer are kept. */
export const mostAnswerBytes = 1_024

/** The first kilobyte of a text. */
export function capped(text: string): string {
  return cappedBytes(Buffer.from(text, 'utf8'))
}

/** The first kilobyte of text in UTF-8, less a character that the cap would cut in two. */
export function cappedBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return ''
  // `stream` holds back an unfinished character, which would otherwise become a longer replacement character.
  return new TextDecoder().decode(bytes.subarray(0, mostAnswerBytes), { stream: true })
}
