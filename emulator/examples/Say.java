import com.sun.net.httpserver.HttpServer;
import java.net.*;
import java.net.http.*;
import java.util.*;
import java.util.regex.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The same, and everybody in the namespace hears of it: one REST call, with a token made by hand. */
public class Say {
    static final Map<String, String> SETTINGS = new HashMap<>(Map.of("Endpoint", "http://localhost", "Port", "8080",
        "AccessKey", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"));
    static String base64url(byte[] data) { return Base64.getUrlEncoder().withoutPadding().encodeToString(data); }

    static void sendToAll(String packet) throws Exception { // 0~base64url('/')~ is the group of namespace /
        String url = SETTINGS.get("Endpoint") + ":" + SETTINGS.get("Port")
            + "/api/hubs/chat/groups/0~Lw~/:send?api-version=2024-12-01";
        String claims = "{\"aud\":\"" + url + "\",\"exp\":" + (System.currentTimeMillis() / 1000 + 60) + "}";
        String signed = base64url("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes()) + "." + base64url(claims.getBytes());
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SETTINGS.get("AccessKey").getBytes(), "HmacSHA256"));
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "text/plain")
            .header("Authorization", "Bearer " + signed + "." + base64url(mac.doFinal(signed.getBytes())))
            .POST(HttpRequest.BodyPublishers.ofString(packet)).build();
        System.out.println("send " + HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()));
    }
    public static void main(String[] args) throws Exception {
        String given = System.getenv().getOrDefault("WebPubSubForSocketIOConnectionString", "");
        for (String part : given.split(";")) {
            if (part.contains("=")) SETTINGS.put(part.split("=", 2)[0], part.split("=", 2)[1]);
        }
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "7071"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), "UTF-8");
            Matcher event = Pattern.compile("42(\\d+)\\[\"[^\"]*\"(.*)\\]", Pattern.DOTALL).matcher(body);
            String text = event.matches() ? "43" + event.group(1) + "[\"ok\"" + event.group(2) + "]" : "";
            byte[] answer = text.getBytes("UTF-8");
            try {
                if (event.matches()) sendToAll("42[\"said\"" + event.group(2) + "]");
            } catch (Exception error) {
                error.printStackTrace();
            }
            exchange.getResponseHeaders().set("WebHook-Allowed-Origin", "*"); // for OPTIONS
            exchange.getResponseHeaders().set("Content-Type", "text/plain");
            exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
            if (answer.length > 0) exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
    }
}
