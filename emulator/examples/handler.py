"""An event handler in Python's standard library: every client may connect, every event is acknowledged."""
import json
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_OPTIONS(self):  # the service asks whether it may send events
        self.send_response(200)
        self.send_header("WebHook-Allowed-Origin", "*")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(f"{self.headers['ce-type']} {body[:80]}", flush=True)
        # 427["hello","world"] is an event that waits for acknowledgement 7: 437["ok","world"]
        event = re.fullmatch(r"42(/[^,]+,)?(\d+)(\[.*)", body, re.DOTALL)
        answer = ""  # connect, connected, disconnected, or nobody waits
        if event:
            namespace, number, args = event.groups(default="")
            answer = f"43{namespace}{number}" + json.dumps(["ok"] + json.loads(args)[1:])
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(answer.encode())


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 7071))), Handler).serve_forever()
