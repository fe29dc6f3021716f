// A browser as a client: what a page of the proxy's does when a test says so.
/* global document, fetch, getComputedStyle, location, performance, Response, WebSocket */

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) & 0xff);

const isSame = async (response) => {
  const got = new Uint8Array(await response.arrayBuffer());
  return got.length === bytes.length && got.every((byte, i) => byte === bytes[i]);
};

const streamOf = (content) =>
  new ReadableStream({
    start(controller) {
      for (let at = 0; at < content.length; at += 50_000) {
        controller.enqueue(content.slice(at, at + 50_000));
      }
      controller.close();
    },
  });

globalThis.client = {
  /** What the page looks like, and by which protocols it came. */
  page: () => ({
    title: document.title,
    color: getComputedStyle(document.body).color,
    protocols: [
      ...performance.getEntriesByType('navigation'),
      ...performance.getEntriesByName(`${location.origin}/style.css`),
    ].map(({ nextHopProtocol }) => nextHopProtocol),
  }),

  many: async () => {
    const all = Array.from({ length: 100 }, () => fetch('/hello', { cache: 'no-store' }));
    const texts = await Promise.all((await Promise.all(all)).map((response) => response.text()));
    return texts.filter((text) => text === 'hello').length;
  },

  upload: async () => isSame(await fetch('/echo', { method: 'POST', body: bytes })),

  /** Of a length that nobody knows: browsers do that over HTTP/2 alone. */
  streamedUpload: async () => {
    const request = { method: 'POST', body: streamOf(bytes), duplex: 'half' };
    return isSame(await fetch('/echo', request));
  },

  /** Of a WebSocket: its subprotocol, whether everything came back, and how it closed. */
  webSocket: async () => {
    const socket = new WebSocket(`wss://${location.host}/socket`, ['other', 'chat']);
    socket.binaryType = 'arraybuffer';
    const next = (type) =>
      new Promise((resolve, reject) => {
        socket.addEventListener(type, resolve, { once: true });
        socket.addEventListener('error', () => reject(new Error(`no ${type}`)), { once: true });
      });
    await next('open');
    const { protocol } = socket;
    const echoes = [];
    for (const message of ['grüße', bytes]) {
      const answered = next('message');
      socket.send(message);
      echoes.push((await answered).data);
    }
    const [text, binary] = echoes;
    const closed = next('close');
    socket.close(4000, 'done');
    const { code, reason, wasClean } = await closed;
    const isComplete = text === 'grüße' && (await isSame(new Response(binary)));
    return { protocol, isComplete, code, reason, wasClean };
  },

  /** Leaves a response without an end. */
  abort: async () => {
    const stop = new AbortController();
    const response = await fetch('/endless', { signal: stop.signal });
    await response.body.getReader().read();
    stop.abort();
    return (await fetch('/hello')).text();
  },
};
