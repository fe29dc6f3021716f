/** Whether the figures are live, and what the proxy is. */
import type { ProxyStats } from '../../src/stats.ts';
import { formatAge } from '../figures/format.ts';
import { byId, setText } from './dom.ts';

/** Figures that are older are said to be. They come each second. */
const staleMs = 4000;

type State = 'connecting' | 'live' | 'draining' | 'stale' | 'lost' | 'locked';

const words: Readonly<Record<State, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  draining: 'Live, proxy is draining',
  stale: 'Stale',
  lost: 'No connection',
  locked: 'Token needed',
};

export class LinkState {
  // A screen reader is told of a change of the state, not of each second of it.
  readonly #state = byId('link-state', HTMLElement);
  readonly #about = byId('about', HTMLElement);
  readonly #figures = byId('figures', HTMLElement);
  #stats: ProxyStats | null = null;
  #arrivedAt = 0;
  #lost: { readonly why: string; readonly retryAt: number } | null = null;
  #isLocked = false;

  constructor() {
    setInterval(() => this.#show(), 1000);
  }

  onStats(stats: ProxyStats): void {
    this.#stats = stats;
    this.#arrivedAt = performance.now();
    this.#lost = null;
    this.#isLocked = false;
    this.#show();
  }

  onLost(why: string, retryMs: number): void {
    this.#lost = { why, retryAt: performance.now() + retryMs };
    this.#show();
  }

  /** No figures come before a token is given. */
  lock(): void {
    this.#isLocked = true;
    this.#stats = null;
    this.#lost = null;
    this.#show();
  }

  unlock(): void {
    this.#isLocked = false;
    this.#show();
  }

  #show(): void {
    const state = this.#now();
    this.#state.dataset.state = state;
    setText(this.#state, words[state]);
    this.#figures.classList.toggle('old', state === 'stale' || state === 'lost');
    setText(this.#about, this.#details().join(' · '));
  }

  #now(): State {
    if (this.#isLocked) return 'locked';
    if (this.#lost !== null) return 'lost';
    if (this.#stats === null) return 'connecting';
    if (performance.now() - this.#arrivedAt > staleMs) return 'stale';
    return this.#stats.state === 'draining' ? 'draining' : 'live';
  }

  #details(): readonly string[] {
    const age = performance.now() - this.#arrivedAt;
    const parts: string[] = [];
    if (this.#lost !== null) {
      const seconds = Math.max(0, Math.ceil((this.#lost.retryAt - performance.now()) / 1000));
      parts.push(this.#lost.why, seconds === 0 ? 'trying again' : `next attempt in ${seconds} s`);
    }
    if (this.#stats === null) return parts;
    if (age > staleMs) parts.push(`last figures ${formatAge(age)} ago`);
    const { version, time, startedAt, processes, workersReplaced } = this.#stats;
    const workers = processes.filter(({ worker }) => worker !== 'main').length;
    parts.push(version, `up ${formatAge(time - startedAt)}`);
    const replaced = workersReplaced === 0 ? '' : `, ${workersReplaced} replaced`;
    if (workers > 0) parts.push(`${workers === 1 ? '1 worker' : `${workers} workers`}${replaced}`);
    return parts;
  }
}
