// What the examples here have in common: to listen, to say what to try, and to end in good order.

/**
 * @param {import('@reverseit/node').ReverseItServer} proxy
 * @param {string} hint commands to try; URL stands for the address
 */
export async function serve(proxy, hint) {
  const port = Number(process.env.PORT ?? 4100);
  const address = await proxy.listen({ host: '127.0.0.1', port });
  const url = 'port' in address ? `http://${address.host}:${address.port}` : address.path;
  console.log(`listening on ${url}\n  ${hint.replaceAll('URL', url)}`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => proxy.close());
}
