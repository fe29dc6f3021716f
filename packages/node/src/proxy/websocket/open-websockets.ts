import { OpenSet } from '../../lifecycle/open-set.ts';

/** The WebSockets of a server that are open, each until both of its sockets are closed. */
export class OpenWebSockets extends OpenSet {
  /** The server closes: one that opens now is to close at once. */
  closing = false;
}
