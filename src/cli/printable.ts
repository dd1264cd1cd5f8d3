/** Names and answers come from strangers: nothing in them may steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '�')
}
