/** Listens to the errors of a socket or stream where `close` tells enough, or where nobody is left to be told. */
export function ignoreError(): void {
  // Without a listener the error would end the process.
}
