"""The same, and everybody in the namespace hears of it: one REST call, with a token made by hand."""
import base64, hmac, json, os, re, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

WELL_KNOWN = "Endpoint=http://localhost;Port=8080;AccessKey=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
TEXT = os.environ.get("WebPubSubForSocketIOConnectionString", WELL_KNOWN)
PARTS = dict(part.split("=", 1) for part in TEXT.split(";") if part)
ENDPOINT = PARTS["Endpoint"] + (":" + PARTS["Port"] if "Port" in PARTS else "")


def token_for(audience):
    base64url = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    claims = {"aud": audience, "exp": int(time.time()) + 60}
    signed = b".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return (signed + b"." + base64url(hmac.digest(PARTS["AccessKey"].encode(), signed, "sha256"))).decode()


def send_to_all(packet):  # 0~base64url('/')~ is the group of namespace /
    url = ENDPOINT + "/api/hubs/chat/groups/0~Lw~/:send?api-version=2024-12-01"
    headers = {"Authorization": "Bearer " + token_for(url), "Content-Type": "text/plain"}
    print("send", urlopen(Request(url, packet.encode(), headers), timeout=10).status, flush=True)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        event = re.fullmatch(r"42(\d+)(\[.*)", body, re.DOTALL)
        values = json.loads(event[2])[1:] if event else []
        if event: send_to_all("42" + json.dumps(["said"] + values))
        self.send_response(200)
        for header in (("WebHook-Allowed-Origin", "*"), ("Content-Type", "text/plain")): self.send_header(*header)
        self.end_headers()
        self.wfile.write(f"43{event[1]}{json.dumps(['ok'] + values)}".encode() if event else b"")
    do_OPTIONS = do_POST

ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 7071))), Handler).serve_forever()
