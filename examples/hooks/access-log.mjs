// One line of JSON for each request on standard output, whatever became of it, and errors on standard
// error. Any logger with the methods of pino can stand in place of `logger`.
//
//   npm start                          (in another terminal: the backend)
//   node examples/hooks/access-log.mjs

import { createServer } from '@reverseit/node';
import { serve } from './serve.mjs';

/** @param {object} line */
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** @param {string} level @returns {(details: object, message: string) => void} */
const toStderr = (level) => (details, message) => {
  const { code = '' } = /** @type {{ code?: string }} */ (details);
  process.stderr.write(`${level} ${code} ${message}\n`);
};

const logger = {
  debug: toStderr('debug'),
  info: toStderr('info'),
  warn: toStderr('warn'),
  error: toStderr('error'),
};

await serve(
  createServer({
    backend: process.env.BACKEND ?? 'http://127.0.0.1:4000',
    logger,
    onFinish(record) {
      const { total, backend } = record.durations;
      print({
        time: new Date(record.startedAt).toISOString(),
        client: record.remoteAddress,
        request: `${record.method} ${record.target} HTTP/${record.httpVersion}`,
        host: record.authority,
        route: record.route,
        status: record.status,
        received: record.bytesReceived,
        sent: record.bytesSent,
        ms: Math.round(total),
        backendMs: backend === null ? null : Math.round(backend),
        error: record.errorCode,
      });
    },
    // Requests that are refused while they are read have no record.
    onError(error, record) {
      if (record === null) print({ time: new Date().toISOString(), error: error.code });
    },
  }),
  'curl URL/hello; curl URL/nothing',
);
