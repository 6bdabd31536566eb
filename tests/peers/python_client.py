"""A Socket.IO client of Debian's python3-socketio that does what its parent tells it.

Commands come as JSON, one on a line of stdin, answers and events go as JSON to stdout:
  {"do": "connect", "endpoint", "path", "token", "transports"}
                                      -> {"connected": id} | {"refused": text}
  {"do": "ask", "id", "name", "data"} -> {"ack": id, "value"}
  {"do": "emit", "name", "data"}
  {"do": "transport"}                 -> {"transport": name}
Every event of the service: {"event": name, "args": [...]}. Bytes within data: {"$bytes": [1, 2]}.
"""
import json
import sys
import threading
from urllib.parse import urlencode

import requests  # noqa: F401  not used here, but polling needs it
import socketio
import websocket  # noqa: F401  and WebSocket this

ACK_SECONDS = 10
EVENTS = ("login", "message", "presence")

output = threading.Lock()
client = socketio.Client(reconnection=False)


def tell(message):
    with output:
        print(json.dumps(message), flush=True)


def with_bytes(value):
    """The value with every {"$bytes": [...]} in it turned into bytes."""
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return bytes(value["$bytes"])
    return {name: with_bytes(item) for name, item in value.items()}


def connect(command):
    query = urlencode({"access_token": command["token"]})
    try:
        client.connect(
            f"{command['endpoint']}/?{query}",
            socketio_path=command["path"],
            transports=command["transports"],
            wait_timeout=ACK_SECONDS,
        )
    except socketio.exceptions.ConnectionError as error:
        tell({"refused": str(error)})
    else:
        tell({"connected": client.get_sid()})


def ask(command):
    value = client.call(command["name"], with_bytes(command["data"]), timeout=ACK_SECONDS)
    tell({"ack": command["id"], "value": value})


def emit(command):
    client.emit(command["name"], with_bytes(command["data"]))


def transport(_):
    tell({"transport": client.transport()})


def listen(name):
    client.on(name, lambda *args: tell({"event": name, "args": list(args)}))


def main():
    for name in EVENTS:
        listen(name)
    commands = {"connect": connect, "ask": ask, "emit": emit, "transport": transport}
    for line in sys.stdin:
        command = json.loads(line)
        commands[command["do"]](command)
    client.disconnect()


if __name__ == "__main__":
    main()
