import { turn } from '@reverseit/test-servers';
import { expect, it } from 'vitest';
import { HandOvers } from './hand-overs.ts';

it('waits for connections that come meanwhile, until a worker has taken each', async () => {
  const handOvers = new HandOvers();
  let isDelivered = false;
  const delivered = handOvers.delivered().then(() => {
    isDelivered = true;
  });
  handOvers.onHandedOver();
  handOvers.onHandedOver();
  for (let nth = 0; nth < 10; nth++) await turn();
  handOvers.onHandOverEnd();
  for (let nth = 0; nth < 10; nth++) await turn();
  expect(isDelivered).toBe(false);
  handOvers.onHandOverEnd();
  await delivered;
});

it('waits a turn where there is none', async () => {
  await new HandOvers().delivered();
});
