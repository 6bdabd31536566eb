import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An event handler with the JDK alone: every client may connect, and every event is acknowledged. */
public class Handler {
    // 427["hello","world"] is an event that waits for acknowledgement 7: 437["ok","world"]
    static final Pattern EVENT = Pattern.compile("42(/[^,]+,)?(\\d+)\\[\"[^\"]*\"(.*)\\]", Pattern.DOTALL);

    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "7071"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            System.out.println(exchange.getRequestHeaders().getFirst("ce-type") + " " + body);
            byte[] answer = answer(body).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("WebHook-Allowed-Origin", "*"); // for OPTIONS
            exchange.getResponseHeaders().set("Content-Type", "text/plain");
            exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
            if (answer.length > 0) exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
    }

    static String answer(String body) {
        Matcher event = EVENT.matcher(body);
        if (!event.matches()) return ""; // connect, connected, disconnected, or nobody waits
        String namespace = event.group(1) == null ? "" : event.group(1);
        return "43" + namespace + event.group(2) + "[\"ok\"" + event.group(3) + "]";
    }
}
