/**
 * A name server on a loopback port, over UDP and TCP, whose answers a test may change, withhold and forge.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Question,
  streamDecode,
  streamEncode,
  TRUNCATED_RESPONSE,
} from 'dns-packet';

/** The records of a name. */
export interface DnsRecords {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly SRV?: readonly DnsService[];
  /** In seconds. Default: 60. */
  readonly ttl?: number;
}

export interface DnsService {
  readonly priority?: number;
  readonly weight?: number;
  readonly port: number;
  readonly target: string;
}

/** What becomes of queries; `mixed-up` answers each with another identifier, as one who guesses does. */
export type DnsBehaviour = 'answers' | 'silent' | 'fails' | 'garbage' | 'mixed-up';

const SERVFAIL = 2;
const NXDOMAIN = 3;
/** RFC 1035 §4.2.1: what is longer comes over TCP. */
const maxDatagram = 512;

export class DnsServer {
  /** By name, in lower case. */
  readonly records = new Map<string, DnsRecords>();
  /** Of each query: type and name, such as `A shop.test`. */
  readonly queries: string[] = [];
  behaviour: DnsBehaviour = 'answers';
  /** Types that behave otherwise than the rest. */
  readonly behaviours = new Map<string, DnsBehaviour>();
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();

  constructor(udp: UdpSocket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (message, peer) => this.#onDatagram(message, peer));
    tcp.on('connection', (socket) => this.#onConnection(socket));
  }

  /** As `setServers` of node:dns takes it. */
  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = [once(this.#udp, 'close'), once(this.#tcp, 'close')];
    this.#udp.close();
    this.#tcp.close();
    await Promise.all(closed);
  }

  #onDatagram(message: Buffer, { port, address }: RemoteInfo): void {
    const answer = this.#answer(message);
    if (answer === null) return;
    const { length } = answer.packet;
    const packet = length > maxDatagram ? encode({ ...answer.head, ...truncated }) : answer.packet;
    this.#udp.send(packet, port, address);
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
        const length = 2 + received.readUInt16BE();
        // Only looked at for being whole.
        streamDecode(received.subarray(0, length));
        const answer = this.#answer(received.subarray(2, length));
        received = received.subarray(length);
        if (answer !== null)
          socket.write(streamEncode({ ...answer.head, answers: answer.answers }));
      }
    });
  }

  #answer(message: Buffer) {
    const { id = 0, questions = [] } = decode(message);
    const [question] = questions;
    if (question === undefined) return null;
    const { name, type } = question;
    this.queries.push(`${type} ${name}`);
    const behaviour = this.behaviours.get(type) ?? this.behaviour;
    if (behaviour === 'silent') return null;
    const known = this.records.get(name.toLowerCase());
    const code = behaviour === 'fails' ? SERVFAIL : known === undefined ? NXDOMAIN : 0;
    const answers = code === 0 && known !== undefined ? answersTo(question, known) : [];
    const head = {
      type: 'response' as const,
      id: behaviour === 'mixed-up' ? id ^ 1 : id,
      flags: AUTHORITATIVE_ANSWER | code,
      questions,
    };
    const packet = behaviour === 'garbage' ? Buffer.from('garbage') : encode({ ...head, answers });
    return { head, answers, packet };
  }
}

const truncated = { flags: AUTHORITATIVE_ANSWER | TRUNCATED_RESPONSE };

function answersTo({ name, type }: Question, records: DnsRecords): Answer[] {
  const { ttl = 60 } = records;
  if (type === 'A' || type === 'AAAA') {
    return (records[type] ?? []).map((data) => ({ type, name, ttl, data }));
  }
  if (type !== 'SRV') return [];
  return (records.SRV ?? []).map((data) => ({ type, name, ttl, data }));
}

/** Starts one on the same port of UDP and TCP. */
export async function startDnsServer(
  records: Readonly<Record<string, DnsRecords>> = {},
): Promise<DnsServer> {
  for (;;) {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const udp = createSocket('udp4');
    udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1');
    try {
      await once(udp, 'listening');
    } catch {
      // Another process has that port of UDP.
      udp.close();
      tcp.close();
      continue;
    }
    const server = new DnsServer(udp, tcp);
    for (const [name, known] of Object.entries(records)) server.records.set(name, known);
    return server;
  }
}
