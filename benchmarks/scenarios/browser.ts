/** The small request that most scenarios send: a browser's. */

/** A browser's fields, without Host, which the generator sends. */
export const browserHeaders = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language': 'en-US,en;q=0.5',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Cookie: 'session=0123456789abcdef0123456789abcdef; theme=dark',
  'Upgrade-Insecure-Requests': '1',
  'Sec-Fetch-Mode': 'navigate',
};

export const smallPath = '/hello?name=value';
/** What the backend answers by default, in bytes. */
export const smallBytes = 24;

const fields = Object.entries(browserHeaders).map(([name, value]) => `${name}: ${value}\r\n`);

const smallRequest = (connection: string): Buffer =>
  Buffer.from(
    `GET ${smallPath} HTTP/1.1\r\nHost: www.example.org\r\n${connection}${fields.join('')}\r\n`,
  );

/** The request as bytes, on a connection that is kept. */
export const keptRequest = smallRequest('');
/** The same on a connection that ends with it. */
export const lastRequest = smallRequest('Connection: close\r\n');
