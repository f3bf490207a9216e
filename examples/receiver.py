#!/usr/bin/env python3
"""A receiver app to stand behind a guard: prints what it gets and answers.

    python3 examples/receiver.py --listen 127.0.0.1:3000

It verifies nothing: whatever reaches it through the guard was verified.
`--answer 500` shows that a delivery which the app refused is let through again.
Needs nothing but Python's standard library.
"""

import argparse
import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_BYTES_SHOWN = 200


class Receiver(BaseHTTPRequestHandler):
    # With HTTP/1.1 the guard keeps its connections to us open.
    protocol_version = "HTTP/1.1"
    answer = 204

    def do_POST(self):
        # The guard always sends one Content-Length, never a chunked body.
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.print_delivery(body)
        self.send_response(self.answer)
        if self.answer != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def print_delivery(self, body):
        lines = ["", f"{self.command} {self.path}"]
        for name, value in self.headers.items():
            if name.lower().startswith("countersign-"):
                lines.append(f"  {name.lower()}: {value}")
        lines.append(f"  sha256: {hashlib.sha256(body).hexdigest()}")
        lines.append(f"  {len(body)} bytes: {body[:BODY_BYTES_SHOWN].decode(errors='replace')!r}")
        print("\n".join(lines), flush=True)

    def log_message(self, *_):
        """print_delivery has said it already."""


def main():
    parser = argparse.ArgumentParser(description="Prints the deliveries that it receives.")
    parser.add_argument("--listen", default="127.0.0.1:3000", metavar="ADDRESS:PORT", help="where to listen")
    parser.add_argument("--answer", default=204, type=int, metavar="STATUS", help="the status of every answer")
    args = parser.parse_args()

    Receiver.answer = args.answer
    host, port = args.listen.rsplit(":", 1)
    with ThreadingHTTPServer((host, int(port)), Receiver) as server:
        print(f"receiver: listening on {host}:{server.server_port}, answering {args.answer}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
