export { PieceJoiner } from './io/piece-joiner.ts';
export { allowReading, pauseReading, resumeReading, stopReading } from './io/reading.ts';
export type { TurnTaker } from './io/turn-share.ts';
export { COST, TurnShare } from './io/turn-share.ts';
