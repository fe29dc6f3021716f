export type { Clock, DeadlineTarget } from './time/deadlines.ts';
export { Deadline, DeadlineQueue, Deadlines, systemClock } from './time/deadlines.ts';
