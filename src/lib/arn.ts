/** The name in the ARN of something that is `…/name`; a name as it is. */
export function nameInArn(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1) : nameOrArn
}
