export { HeldBytes } from './io/held-bytes.ts';
export type { Linked } from './io/intrusive-list.ts';
export { IntrusiveList } from './io/intrusive-list.ts';
export { PieceJoiner } from './io/piece-joiner.ts';
export type { TurnTaker } from './io/turn-share.ts';
export { COST, TurnShare } from './io/turn-share.ts';
export { letReadInto } from './node-internals/read-into.ts';
export type { StoppableReader } from './node-internals/reading.ts';
export {
  allowReading,
  continueReading,
  pauseReading,
  resumeReading,
  stopReading,
} from './node-internals/reading.ts';
export { usesNodeInternals } from './node-internals/switch.ts';
