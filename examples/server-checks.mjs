// What has to hold of the examples that are servers. The backend behind them is the proxy of `npm start`.

import assert from 'node:assert/strict';

/**
 * @typedef {object} Running
 * @property {string} url where the example listens
 * @property {(pattern: RegExp) => Promise<string>} line the first line of its output that matches
 *
 * @typedef {(running: Running) => Promise<void>} Check
 */

/** The request as the demo backend saw it. @param {Response} response @returns {Promise<Seen>} */
async function seenBy(response) {
  assert.equal(response.status, 200);
  const { target, rawHeaders } = /** @type {{ target: string, rawHeaders: string[] }} */ (
    await response.json()
  );
  const values = (/** @type {string} */ name) =>
    rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
  return { target, values };
}

/** @typedef {{ target: string, values: (name: string) => string[] }} Seen */

/** The same of every application that has the proxy as middleware. @type {Readonly<Record<string, Check>>} */
const middlewareChecks = {
  'the application serves what is its own': async ({ url }) => {
    assert.equal(await (await fetch(url)).text(), 'a page of the application\n');
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
    const headers = { 'content-type': 'application/json' };
    const note = await fetch(`${url}/notes`, { method: 'POST', headers, body: '{"a":1}' });
    assert.deepEqual([note.status, await note.json()], [201, { a: 1 }]);
  },
  'the backend serves what lies under /api': async ({ url }) => {
    const headers = { 'x-forwarded-for': '203.0.113.7' };
    const { target, values } = await seenBy(await fetch(`${url}/api/echo?a=1`, { headers }));
    assert.equal(target, '/echo?a=1');
    assert.equal(values('x-forwarded-for')[0]?.split(', ')[0], '127.0.0.1');
  },
  'bodies pass that a parser of the application would take': async ({ url }) => {
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', headers, body: '{"a":1}' };
    const seen = /** @type {{ body: string }} */ (
      await (await fetch(`${url}/api/echo`, request)).json()
    );
    assert.equal(seen.body, '{"a":1}');
  },
  'so do WebSockets': async ({ url }) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/ws`);
    /** @type {Promise<unknown>} */
    const echo = new Promise((resolve, reject) => {
      socket.onopen = () => socket.send('hello');
      socket.onmessage = ({ data }) => resolve(data);
      socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    });
    assert.equal(await echo, 'hello');
    // It stays open: the application closes it when it ends.
  },
};

/** @type {Readonly<Record<string, Readonly<Record<string, Check>>>>} by file, then by title */
export const serverChecks = {
  'embed/server.mjs': {
    'its own service is at /': async ({ url }) => {
      const headers = { 'x-forwarded-for': '203.0.113.7' };
      const page = await (await fetch(url, { headers })).text();
      assert.equal(page, 'a page for 127.0.0.1\n');
    },
    'the backend is at /backend': async ({ url }) => {
      const response = await fetch(`${url}/backend/hello?a=1`);
      assert.equal(await response.text(), 'Hello from the backend.\n');
      const { target } = await seenBy(await fetch(`${url}/backend/echo?a=1`));
      assert.equal(target, '/echo?a=1');
    },
    'it answers /health itself': async ({ url }) => {
      const health = await (await fetch(`${url}/health`)).json();
      assert.equal(/** @type {{ ok: boolean }} */ (health).ok, true);
    },
    'a body beyond its limit is refused with 413': async ({ url }) => {
      const body = new Uint8Array(1024 * 1024 + 1);
      const { status } = await fetch(`${url}/backend/upload`, { method: 'POST', body });
      assert.equal(status, 413);
    },
  },

  'express/server.mjs': middlewareChecks,
  'fastify/server.mjs': middlewareChecks,

  'hooks/api-key.mjs': {
    'the backend gets the key': async ({ url }) => {
      const { values } = await seenBy(await fetch(`${url}/echo`));
      assert.deepEqual(values('x-api-key'), ['a key for the demonstration']);
    },
    'a client cannot send its own': async ({ url }) => {
      const headers = { 'x-api-key': 'forged' };
      const { values, target } = await seenBy(
        await fetch(`${url}/echo?api_key=forged&a=1`, { headers }),
      );
      assert.deepEqual(values('x-api-key'), ['a key for the demonstration']);
      assert.equal(target, '/echo?a=1');
    },
  },

  'hooks/authentication.mjs': {
    'without a password: 401 with a challenge': async ({ url }) => {
      const response = await fetch(`${url}/echo`);
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('www-authenticate'), 'Basic realm="demo"');
      assert.equal(await response.text(), 'Please sign in.\n');
    },
    'with a wrong one or an unknown name: 401': async ({ url }) => {
      for (const wrong of ['ada:byron', 'eve:lovelace', 'ada', ':', 'eve:']) {
        const { status } = await fetch(`${url}/echo`, { headers: basic(wrong) });
        assert.equal(status, 401, wrong);
      }
    },
    'with the right one the backend hears who it is, and no password': async ({ url }) => {
      const headers = { ...basic('ada:lovelace'), 'x-user': 'root' };
      const { values } = await seenBy(await fetch(`${url}/echo`, { headers }));
      assert.deepEqual(values('x-user'), ['ada']);
      assert.deepEqual(values('authorization'), []);
    },
  },

  'hooks/response-headers.mjs': {
    'fields are added': async ({ url }) => {
      const { headers } = await fetch(`${url}/hello`);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cache-control'), null);
      assert.equal((await fetch(`${url}/nothing`)).headers.get('cache-control'), 'no-store');
    },
    'each cookie is changed': async ({ url }) => {
      const { headers } = await fetch(`${url}/headers`);
      assert.deepEqual(headers.getSetCookie(), [
        'a=1; Path=/; SameSite=Lax',
        'b=2; HttpOnly; SameSite=Lax',
      ]);
    },
    'a redirect to the backend leads to the proxy': async ({ url }) => {
      const to = `${process.env.BACKEND}/hello`;
      const path = `/redirect?to=${encodeURIComponent(to)}`;
      const { headers } = await fetch(url + path, { redirect: 'manual' });
      assert.equal(headers.get('location'), '/hello');
    },
    'and never to another host': async ({ url }) => {
      for (const path of ['//evil.example/x/', '/\\evil.example/x/', '/\\/evil.example/x/']) {
        const to = encodeURIComponent(process.env.BACKEND + path);
        const { headers } = await fetch(`${url}/redirect?to=${to}`, { redirect: 'manual' });
        const { host } = new URL(headers.get('location') ?? '', url);
        assert.equal(host, new URL(url).host, path);
      }
    },
  },

  'hooks/access-log.mjs': {
    'a request is a line': async ({ url, line }) => {
      await (await fetch(`${url}/hello?logged`)).text();
      const record = JSON.parse(await line(/hello\?logged/));
      assert.equal(record.request, 'GET /hello?logged HTTP/1.1');
      assert.deepEqual(
        [record.status, record.received, record.sent, record.error],
        [200, 0, 24, null],
      );
    },
    'so is one that is refused before it is a request': async ({ url, line }) => {
      await fetch(`${url}/${'a'.repeat(9000)}`);
      assert.equal(JSON.parse(await line(/RIT_ERR/)).error, 'RIT_ERR_TARGET_TOO_LONG');
    },
  },
};

/** @param {string} credentials */
const basic = (credentials) => ({
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
});
