import type { Exchange } from '@reverseit/core';

/** A client's request and the way to answer it, whoever owns the socket: core's server or `node:http`. */
export type ClientExchange = Omit<Pick<Exchange, keyof Exchange>, 'abandon'>;
