/** The time as access logs have it. Most lines of a second have the same. */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

let second = Number.NaN;
let text = '';

/** Local time as in the Common Log Format: `10/Oct/2000:13:55:36 -0700`. */
export function commonLogTime(ms: number): string {
  const now = Math.floor(ms / 1000);
  if (now === second) return text;
  const date = new Date(ms);
  const ahead = -date.getTimezoneOffset();
  const offset = Math.abs(ahead);
  const zone = `${ahead < 0 ? '-' : '+'}${two(Math.floor(offset / 60))}${two(offset % 60)}`;
  const day = `${two(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}`;
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  second = now;
  text = `${day}:${clock} ${zone}`;
  return text;
}
