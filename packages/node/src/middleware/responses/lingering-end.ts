/**
 * Lets a client read a response that ends its connection while it is still sending its request. Node closes
 * such a connection as soon as the response has left, by `destroySoon`. The system answers what the client
 * sends from then on with a reset, which destroys a response that was not read yet (RFC 9112 §9.6).
 */
import type { Socket } from 'node:net';

/**
 * From now on `destroySoon` closes our side only. What still comes is read and dropped, as no request: after
 * a response that ends the connection none may be served. Somebody has to end it in time.
 */
export function lingerAtEnd(socket: Socket): void {
  socket.destroySoon = () => {
    endAtOnce(socket);
    socket.end();
    // Whatever it was before: Node reads below the stream, and begins to again at this event only.
    socket.pause();
    socket.on('resume', dropAll);
    socket.resume();
  };
}

function dropAll(this: Socket): void {
  // Node has put it off.
  if (this.isPaused()) return;
  this.off('resume', dropAll);
  // Node's parser among them.
  this.removeAllListeners('data');
  this.on('data', drop);
}

/** Undoes `lingerAtEnd`: nothing more of the request is to come. */
export function endAtOnce(socket: Socket): void {
  Reflect.deleteProperty(socket, 'destroySoon');
}

function drop(): void {
  // Read only so that it does not fill the socket.
}
