/** Permissions of a Unix socket, as `chmod` takes them. */

/** What `readSocketMode` accepts, for messages. */
export const socketModeAccepted =
  'permissions in octal as text, such as "0660", or a number from 0 to 0o777';

/** Reads `0660`, `660`, `0o660` or a number; undefined where it is none of these. */
export function readSocketMode(value: unknown): number | undefined {
  if (typeof value === 'number') {
    return Number.isInteger(value) && value >= 0 && value <= 0o777 ? value : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const [, digits] = modeText.exec(value) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

const modeText = /^(?:0o|0)?([0-7]{1,3})$/;
