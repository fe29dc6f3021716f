/**
 * Reports what a callback threw after its exchange had ended: as a warning of the process, which goes to
 * standard error and ends nothing.
 */
export function emitWarning(what: string, cause: unknown): void {
  const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  process.emitWarning(what, { type: 'ReverseItWarning', code: 'RIT_ERR_INTERNAL', detail });
}
