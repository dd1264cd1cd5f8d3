/** Whether AWS may quote what was signed in what it says (it does where a signature is wrong): headers, and a session token among them. */
export function mayQuoteSigned(text: string): boolean {
  return /canonical|signature|security-token|credential=/i.test(text)
}
