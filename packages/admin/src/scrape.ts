/** The text of `GET /metrics`, made once for all who scrape at the same time. */
import { pacedText } from './prometheus-text.ts';
import type { SharedStats } from './shared-stats.ts';

/** What a scraper is answered with. */
export interface ScrapedText {
  /** For `Content-Type`. */
  readonly type: string;
  readonly body: Buffer;
}

export class Scrape {
  readonly #stats: SharedStats;
  readonly #open: boolean;
  #pending: Promise<ScrapedText> | null = null;

  /** `open`: by OpenMetrics, else as Prometheus has it. */
  constructor(stats: SharedStats, open: boolean) {
    this.#stats = stats;
    this.#open = open;
  }

  /** Whoever asks while a text is being made gets that one. */
  text(): Promise<ScrapedText> {
    this.#pending ??= this.#stats
      .current()
      .then((stats) => pacedText(stats, this.#open))
      .finally(() => {
        this.#pending = null;
      });
    return this.#pending;
  }
}
