/** java.net.http as a client: one line for each thing that it did, "name: result". */
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public final class JavaClient {
  private static final int SIZE = 1_000_000;
  private static String base;

  public static void main(String[] args) throws Exception {
    base = args[0];
    // By default it offers HTTP/2: over TLS by ALPN, else "Upgrade: h2c" with each request.
    HttpClient client = HttpClient.newBuilder().sslContext(trusting(args[1])).build();
    byte[] body = new byte[SIZE];
    for (int i = 0; i < SIZE; i++) body[i] = (byte) (i * 31);

    say("get", text(client, request("/hello").build()));
    say("length", echo(client, BodyPublishers.ofByteArray(body), body, false));
    say("chunked", echo(client, BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)), body, false));
    say("expect", echo(client, BodyPublishers.ofByteArray(body), body, true));
    HttpRequest head = request("/hello").method("HEAD", BodyPublishers.noBody()).build();
    say("head", text(client, head));
    say("missing", text(client, request("/status/404").build()));
    List<CompletableFuture<HttpResponse<String>>> many = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      many.add(client.sendAsync(request("/hello").build(), BodyHandlers.ofString()));
    }
    int good = 0;
    for (var one : many) if (one.get(30, TimeUnit.SECONDS).statusCode() == 200) good++;
    say("many", good);
    say("cancel", cancelled(client));
    say("after cancel", text(client, request("/hello").build()));
    webSocket(client, body);
    System.exit(0);
  }

  /** Trusts what the authority in the file has signed. */
  private static SSLContext trusting(String file) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream pem = Files.newInputStream(Path.of(file))) {
      store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
    }
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }

  /** Reads the beginning of a response without an end. */
  private static String cancelled(HttpClient client) throws Exception {
    HttpResponse<InputStream> response =
        client.send(request("/endless").build(), BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      return response.statusCode() + " " + body.readNBytes(100_000).length;
    }
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(30));
  }

  private static String text(HttpClient client, HttpRequest request) throws Exception {
    HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
    return response.statusCode() + " " + response.version() + " " + response.body().length();
  }

  private static String echo(
      HttpClient client, HttpRequest.BodyPublisher publisher, byte[] body, boolean expect)
      throws Exception {
    HttpRequest request = request("/echo").expectContinue(expect).POST(publisher).build();
    HttpResponse<byte[]> response = client.send(request, BodyHandlers.ofByteArray());
    return response.statusCode() + " " + Arrays.equals(response.body(), body);
  }

  private static void webSocket(HttpClient client, byte[] body) throws Exception {
    Echoes echoes = new Echoes();
    WebSocket socket =
        client
            .newWebSocketBuilder()
            .subprotocols("chat")
            .buildAsync(URI.create(base.replace("http", "ws") + "/ws"), echoes)
            .get(30, TimeUnit.SECONDS);
    say("subprotocol", socket.getSubprotocol());
    socket.sendText("grü", false).get(30, TimeUnit.SECONDS);
    socket.sendPing(ByteBuffer.wrap(new byte[] {1, 2})).get(30, TimeUnit.SECONDS);
    socket.sendText("ße", true).get(30, TimeUnit.SECONDS);
    say("text", echoes.text.get(30, TimeUnit.SECONDS).equals("grüße"));
    say("pong", echoes.pong.get(30, TimeUnit.SECONDS));
    socket.sendBinary(ByteBuffer.wrap(body), true).get(30, TimeUnit.SECONDS);
    say("binary", Arrays.equals(echoes.binary.get(30, TimeUnit.SECONDS), body));
    socket.sendClose(4321, "bye").get(30, TimeUnit.SECONDS);
    say("close", echoes.closed.get(30, TimeUnit.SECONDS));
  }

  private static void say(String name, Object result) {
    System.out.println(name + ": " + result);
  }

  private static final class Echoes implements WebSocket.Listener {
    final CompletableFuture<String> text = new CompletableFuture<>();
    final CompletableFuture<byte[]> binary = new CompletableFuture<>();
    final CompletableFuture<Integer> pong = new CompletableFuture<>();
    final CompletableFuture<String> closed = new CompletableFuture<>();
    private final StringBuilder letters = new StringBuilder();
    private final byte[] bytes = new byte[SIZE];
    private int length = 0;

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      letters.append(data);
      if (last) text.complete(letters.toString());
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
      int size = data.remaining();
      data.get(bytes, length, size);
      length += size;
      if (last) binary.complete(bytes);
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onPong(WebSocket socket, ByteBuffer message) {
      pong.complete(message.remaining());
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      closed.complete(code + " " + reason);
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
      for (var one : List.of(text, binary, pong, closed)) one.completeExceptionally(error);
    }
  }
}
