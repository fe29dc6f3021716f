/** HTTP/1.1 client of a pool that names none. A file of its own: the tests put the other one in its place. */
export const defaultTransport: 'undici' | 'direct' = 'undici';
