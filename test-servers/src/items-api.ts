/** `/api/items`: a small collection in memory, to read and to change. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FriendlyRoute } from './friendly-routes.ts';

interface Item {
  readonly id: number;
  readonly name: string;
}

const maxItems = 1000;
const maxBodyBytes = 65_536;
const maxNameLength = 200;

/** A fresh collection with two items in it. */
export function createItemsApi(): FriendlyRoute {
  const items = new Map<number, Item>([
    [1, { id: 1, name: 'one' }],
    [2, { id: 2, name: 'two' }],
  ]);
  let nextId = 3;

  return async ({ request, response, rest }) => {
    const [collection = '', idText] = rest;
    if (collection !== 'items') {
      reply(response, 404, { error: 'try /api/items' });
      return;
    }
    const id = idText === undefined || idText === '' ? undefined : Number(idText);
    const item = id === undefined ? undefined : items.get(id);
    if (id !== undefined && item === undefined && request.method !== 'PUT') {
      reply(response, 404, { error: 'no such item' });
      return;
    }
    switch (`${request.method ?? ''} ${id === undefined ? 'all' : 'one'}`) {
      case 'GET all':
      case 'HEAD all':
        reply(response, 200, [...items.values()]);
        return;
      case 'GET one':
      case 'HEAD one':
        reply(response, 200, item);
        return;
      case 'POST all': {
        const name = await readName(request);
        if (name === undefined) reply(response, 400, { error: 'expected {"name": "…"}' });
        else if (items.size >= maxItems) reply(response, 507, { error: 'the collection is full' });
        else {
          const made = { id: nextId, name };
          nextId += 1;
          items.set(made.id, made);
          reply(response, 201, made, { location: `/api/items/${made.id}` });
        }
        return;
      }
      case 'PUT one': {
        const name = await readName(request);
        if (name === undefined || id === undefined || !Number.isSafeInteger(id)) {
          reply(response, 400, { error: 'expected {"name": "…"}' });
        } else if (item === undefined) reply(response, 404, { error: 'no such item' });
        else {
          items.set(id, { id, name });
          reply(response, 200, items.get(id));
        }
        return;
      }
      case 'DELETE one':
        items.delete(id ?? 0);
        response.writeHead(204).end();
        return;
      default:
        reply(
          response,
          405,
          { error: 'method not allowed' },
          { allow: 'GET, HEAD, POST, PUT, DELETE' },
        );
    }
  };
}

function reply(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  const text = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

async function readName(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length <= maxBodyBytes) pieces.push(piece);
  }
  if (length > maxBodyBytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('name' in value)) return undefined;
  const { name } = value;
  return typeof name === 'string' && name.length <= maxNameLength ? name : undefined;
}
