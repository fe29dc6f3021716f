export { HeldBytes } from './io/held-bytes.ts';
export { PieceJoiner } from './io/piece-joiner.ts';
export type { TurnTaker } from './io/turn-share.ts';
export { COST, TurnShare } from './io/turn-share.ts';
export { letReadInto } from './node-internals/read-into.ts';
export {
  allowReading,
  pauseReading,
  resumeReading,
  stopReading,
} from './node-internals/reading.ts';
export { usesNodeInternals } from './node-internals/switch.ts';
