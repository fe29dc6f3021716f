export { PieceJoiner } from './io/piece-joiner.ts';
export type { TurnTaker } from './io/turn-share.ts';
export { COST, TurnShare } from './io/turn-share.ts';
export {
  allowReading,
  pauseReading,
  resumeReading,
  stopReading,
} from './node-internals/reading.ts';
