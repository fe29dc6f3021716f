/** How many connections of a listener speak HTTP/2, and how many streams they have. */
export class Http2Counts {
  connections = 0;
  /** Open streams that carry a request, or a tunnel. */
  streams = 0;
  totalConnections = 0;
  totalStreams = 0;

  onConnection(): void {
    this.connections++;
    this.totalConnections++;
  }

  onStream(): void {
    this.streams++;
    this.totalStreams++;
  }
}
