"""A Socket.IO client of Web PubSub in Python: python-socketio, synchronous.

Commands come as JSON lines on stdin; what happens goes as JSON lines to stdout:
  {"do": "connect", "endpoint", "path", "token", "tokenIn": "query" | "url", "transports",
   "namespaces"}
  {"do": "emit", "namespace", "name", "args"}
  {"do": "ask", "namespace", "name", "args"}   -> {"event": "ack", "args"}
  {"do": "transport"}                           -> {"event": "transport", "args": [name]}
Bytes are {"$bytes": base64}.
"""
import base64
import json
import sys
import threading
from urllib.parse import urlencode

import socketio

WAIT_SECONDS = 20
EVENTS = ("welcome", "values", "bytes", "tick")

output = threading.Lock()
# The wait before it comes back is short here, for a test's sake.
client = socketio.Client(reconnection_delay=0.1, reconnection_delay_max=0.2)


def tell(event, namespace, *args):
    with output:
        print(json.dumps({"event": event, "namespace": namespace, "args": written(args)}), flush=True)


def written(value):
    if isinstance(value, (list, tuple)):
        return [written(item) for item in value]
    if isinstance(value, dict):
        return {name: written(item) for name, item in value.items()}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    return value


def read(value):
    if isinstance(value, list):
        return [read(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    return {name: read(item) for name, item in value.items()}


def listen(namespace):
    def on(event, name):
        client.on(event, lambda *args: tell(name, namespace, *args), namespace=namespace)

    on("connect", "connect")
    on("connect_error", "refused")
    on("disconnect", "disconnect")
    for name in EVENTS:
        on(name, name)


def connect(command):
    # The path is an option of its own: that of the URL is not used, but its query is.
    url = f"{command['endpoint']}/?{urlencode({'access_token': command['token']})}"
    for namespace in command["namespaces"]:
        listen(namespace)
    try:
        client.connect(
            url,
            socketio_path=command["path"],
            transports=command["transports"],
            namespaces=command["namespaces"],
            wait_timeout=WAIT_SECONDS,
        )
    except socketio.exceptions.ConnectionError as error:
        tell("refused", "", str(error))


def emit(command):
    client.emit(command["name"], tuple(read(command["args"])), namespace=command["namespace"])


def ask(command):
    """Several arguments of an event are a tuple, and so are those of an acknowledgement."""

    def answered(*args):
        tell("ack", command["namespace"], *args)

    args = tuple(read(command["args"]))
    client.emit(command["name"], args, namespace=command["namespace"], callback=answered)


def transport(_):
    tell("transport", "", client.transport())


COMMANDS = {"connect": connect, "emit": emit, "ask": ask, "transport": transport}

for line in sys.stdin:
    order = json.loads(line)
    COMMANDS[order["do"]](order)
client.disconnect()
