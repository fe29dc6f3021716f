/** Who counts exchanges: told at the few moments that figures are made of. Without one an exchange pays a null check. */
import type { Exchange } from './exchange.ts';

export interface ExchangeMeter {
  /** So many bytes of the request's content have come. */
  onReceived(bytes: number): void;
  /** The head of the final response is out, or as good as out. */
  onHead(exchange: Exchange): void;
  /** So many bytes of the response's content were written. */
  onSent(bytes: number): void;
  /**
   * The response is complete, was cut off or will never come, or the protocol was switched. `exchange.status` says
   * what was sent; 0 where nothing was. Once.
   */
  onOver(exchange: Exchange): void;
}
