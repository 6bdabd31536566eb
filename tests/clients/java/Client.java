import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Manager;
import io.socket.client.Socket;
import io.socket.engineio.client.Transport;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * A Socket.IO client of Web PubSub in Java: io.socket:socket.io-client. Commands and events are
 * JSON lines, as ../python/client.py describes them.
 */
public class Client {
    private static final String[] EVENTS = {"welcome", "values", "bytes", "tick"};
    private static final Map<String, Socket> sockets = new HashMap<>();
    private static Manager manager;

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JSONObject order = new JSONObject(line);
            switch (order.getString("do")) {
                case "connect" -> connect(order);
                case "emit" -> socketOf(order).emit(order.getString("name"), arguments(order));
                case "ask" -> ask(order);
                // the transport's name is the business of engine.io, and not told
                default -> tell("transport", "", transport);
            }
        }
        System.exit(0);
    }

    private static volatile String transport = "";

    private static void connect(JSONObject order) throws Exception {
        IO.Options options = new IO.Options();
        options.path = order.getString("path");
        options.transports = strings(order.getJSONArray("transports"));
        options.reconnectionDelay = 100; // short, for a test's sake
        options.reconnectionDelayMax = 200;
        String query = "access_token=" + URLEncoder.encode(order.getString("token"), "UTF-8");
        String url = order.getString("endpoint");
        // A URL with a query makes it ignore the option.
        if (order.getString("tokenIn").equals("url")) url += "/?" + query;
        else options.query = query;
        manager = new Manager(URI.create(url), options);
        manager.on(Manager.EVENT_TRANSPORT, (Object... found) -> {
            transport = ((Transport) found[0]).name;
        });
        for (String namespace : strings(order.getJSONArray("namespaces"))) open(namespace, options);
    }

    private static void open(String namespace, IO.Options options) {
        Socket socket = manager.socket(namespace, options);
        sockets.put(namespace, socket);
        listen(socket, namespace, Socket.EVENT_CONNECT, "connect");
        listen(socket, namespace, Socket.EVENT_CONNECT_ERROR, "refused");
        listen(socket, namespace, Socket.EVENT_DISCONNECT, "disconnect");
        for (String name : EVENTS) listen(socket, namespace, name, name);
        socket.connect();
    }

    private static void listen(Socket socket, String namespace, String event, String name) {
        socket.on(event, (Object... args) -> tell(name, namespace, args));
    }

    private static void ask(JSONObject order) throws Exception {
        Ack ack = (Object... args) -> tell("ack", order.optString("namespace"), args);
        socketOf(order).emit(order.getString("name"), arguments(order), ack);
    }

    private static Socket socketOf(JSONObject order) throws Exception {
        return sockets.get(order.getString("namespace"));
    }

    private static Object[] arguments(JSONObject order) throws Exception {
        JSONArray given = order.getJSONArray("args");
        Object[] args = new Object[given.length()];
        for (int i = 0; i < args.length; i++) {
            JSONObject bytes = given.optJSONObject(i);
            boolean isBytes = bytes != null && bytes.has("$bytes");
            args[i] = isBytes ? Base64.getDecoder().decode(bytes.getString("$bytes")) : given.get(i);
        }
        return args;
    }

    private static synchronized void tell(String event, String namespace, Object... args) {
        try {
            JSONArray shown = new JSONArray();
            for (Object arg : args) shown.put(written(arg));
            JSONObject line = new JSONObject().put("event", event).put("namespace", namespace);
            byte[] text = (line.put("args", shown) + "\n").getBytes("UTF-8");
            System.out.write(text, 0, text.length);
            System.out.flush();
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    private static Object written(Object arg) throws JSONException {
        if (arg instanceof Exception) return ((Exception) arg).toString();
        if (!(arg instanceof byte[])) return arg == null ? JSONObject.NULL : arg;
        return new JSONObject().put("$bytes", Base64.getEncoder().encodeToString((byte[]) arg));
    }

    private static String[] strings(JSONArray list) throws JSONException {
        String[] all = new String[list.length()];
        for (int i = 0; i < all.length; i++) all[i] = list.getString(i);
        return all;
    }
}
