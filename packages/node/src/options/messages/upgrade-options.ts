/** Options of upgrades: tunnels and WebSockets. */
import {
  boolean,
  bytes,
  count,
  defineOptions,
  milliseconds,
  type OptionInput,
  upgradeProtocols,
} from '@reverseit/core/options';
import { maxHeldBytes } from './request-body-options.ts';

const upgrade = 'Upgrades';
const websocket = 'WebSocket';

export const upgradeOptions = defineOptions({
  /**
   * Protocols clients may upgrade to; all but "websocket" are tunnelled as bytes. Other offers are ignored (RFC 9110 §7.8).
   * Default: ["websocket"].
   */
  upgrades: upgradeProtocols({
    group: upgrade,
    prose:
      'Protocols clients may upgrade to; all but "websocket" are tunnelled as bytes. Other offers are ignored (RFC 9110 §7.8).',
    default: ['websocket'],
  }),
  /**
   * Closes a tunnel after this long without data from either side.
   * Default: websocketIdleTimeout. If exceeded: reset.
   */
  tunnelIdleTimeout: milliseconds({
    group: upgrade,
    prose: 'Closes a tunnel after this long without data from either side.',
    default: null,
    defaultText: 'websocketIdleTimeout',
    answers: 'reset',
  }),
  /**
   * Closes a WebSocket after this long without data from either side, plus a tenth (at most 5 s), so that a ping just in time counts.
   * Default: 55000 ms. If exceeded: close 1001.
   */
  websocketIdleTimeout: milliseconds({
    group: websocket,
    prose:
      'Closes a WebSocket after this long without data from either side, plus a tenth (at most 5 s), so that a ping just in time counts.',
    default: 55000,
    answers: 'close 1001',
  }),
  /**
   * Maximum time to wait for the backend to answer the WebSocket handshake.
   * Default: 5000 ms. If exceeded: 504.
   */
  websocketBackendUpgradeTimeout: milliseconds({
    group: websocket,
    prose: 'Maximum time to wait for the backend to answer the WebSocket handshake.',
    default: 5000,
    answers: '504',
  }),
  /**
   * Maximum size of a frame and of a reassembled message, after decompression.
   * Default: 16777216 bytes. If exceeded: close 1009.
   */
  maxWebsocketFrameSize: bytes({
    group: websocket,
    prose: 'Maximum size of a frame and of a reassembled message, after decompression.',
    default: 16777216,
    lift: true,
    answers: 'close 1009',
  }),
  /**
   * Maximum bytes of client frames buffered until the backend accepts the WebSocket.
   * Default: 1048576 bytes. If exceeded: close 1009.
   */
  maxWebsocketPendingBytes: bytes({
    group: websocket,
    prose: 'Maximum bytes of client frames buffered until the backend accepts the WebSocket.',
    default: 1048576,
    min: 0,
    max: maxHeldBytes,
    answers: 'close 1009',
  }),
  /**
   * Maximum number of client frames buffered until the backend accepts the WebSocket.
   * Default: 16. If exceeded: close 1009.
   */
  maxWebsocketPendingFrames: count({
    group: websocket,
    prose: 'Maximum number of client frames buffered until the backend accepts the WebSocket.',
    default: 16,
    min: 0,
    max: 65535,
    answers: 'close 1009',
  }),
  /** Negotiates permessage-deflate with the client (RFC 7692). Default: false. */
  websocketCompress: boolean({
    group: websocket,
    prose: 'Negotiates permessage-deflate with the client (RFC 7692).',
    default: false,
  }),
  /**
   * Checks that text messages are valid UTF-8 (RFC 6455 §8.1).
   * Default: true. Error: close 1007.
   */
  websocketValidateUtf8: boolean({
    group: websocket,
    prose: 'Checks that text messages are valid UTF-8 (RFC 6455 §8.1).',
    default: true,
    answers: 'close 1007',
  }),
});

/** As a user writes them. */
export type UpgradeInput = OptionInput<typeof upgradeOptions>;
