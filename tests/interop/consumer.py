"""An HTTPS consumer that lets the providers' own Python SDKs decide.

    SECRET=... consumer.py CA CERTIFICATE KEY

listens on a port of the system's choice, prints it, and asks for a client
certificate of that CA. POST /PRESET is answered 204 if the preset's SDK accepts
the request as signed with SECRET, else 401; POST /PRESET?tamper has one byte
added to its body first, as if somebody on the way had done it.
"""

import os
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from sdks import PRESETS


class Consumer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
        if url.query == "tamper":
            body += " "
        fields = {name.lower(): value for name, value in self.headers.items()}
        valid = PRESETS[url.path.lstrip("/")].verify({"secret": self.server.secret, "headers": fields}, body)
        self.send_response(204 if valid else 401)
        if not valid:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    ca, certificate, key = sys.argv[1:]
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Consumer)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.secret = os.environ["SECRET"]
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
