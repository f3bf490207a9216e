#!/usr/bin/env python3
"""A receiver app to stand behind a guard: prints what it gets and answers.

    python3 examples/receiver.py --listen 127.0.0.1:3000

It verifies nothing: whatever reaches it through the guard was verified.
`--answer 500` shows that a delivery which the app refused is let through again.
Needs nothing but Python's standard library.

Where others can reach the app too, `--attest-secret-file FILE` has it take only
what carries the guard's proof; this needs `pip install standardwebhooks`.
"""

import argparse
import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_BYTES_SHOWN = 200


class Receiver(BaseHTTPRequestHandler):
    # With HTTP/1.1 the guard keeps its connections to us open.
    protocol_version = "HTTP/1.1"
    answer = 204
    proof = None

    def do_POST(self):
        # The guard always sends one Content-Length, never a chunked body.
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        proven = self.proof is None or self.proof.holds(self.headers, body)
        self.print_delivery(body, proven)
        answer = self.answer if proven else 401
        self.send_response(answer)
        if answer != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def print_delivery(self, body, proven):
        lines = ["", f"{self.command} {self.path}"]
        for name, value in self.headers.items():
            if name.lower().startswith("countersign-"):
                lines.append(f"  {name.lower()}: {value}")
        if self.proof is not None:
            lines.append(f"  proof of the guard: {'holds' if proven else 'refused'}")
        lines.append(f"  sha256: {hashlib.sha256(body).hexdigest()}")
        lines.append(f"  {len(body)} bytes: {body[:BODY_BYTES_SHOWN].decode(errors='replace')!r}")
        print("\n".join(lines), flush=True)

    def log_message(self, *_):
        """print_delivery has said it already."""


class Proof:
    """What the guard signs with --attest-secret-file: Standard Webhooks, under other names."""

    def __init__(self, path):
        from standardwebhooks import Webhook

        with open(path) as file:
            self.webhook = Webhook(file.read().rstrip("\r\n"))

    def holds(self, headers, body):
        from standardwebhooks import WebhookVerificationError

        renamed = {f"webhook-{part}": headers.get(f"countersign-attest-{part}", "") for part in PARTS}
        try:
            self.webhook.verify(body, renamed, json_parse=False)
        except (WebhookVerificationError, ValueError):
            return False
        return True


PARTS = ("id", "timestamp", "signature")


def main():
    parser = argparse.ArgumentParser(description="Prints the deliveries that it receives.")
    parser.add_argument("--listen", default="127.0.0.1:3000", metavar="ADDRESS:PORT", help="where to listen")
    parser.add_argument("--answer", default=204, type=int, metavar="STATUS", help="the status of every answer")
    parser.add_argument("--attest-secret-file", metavar="FILE", help="take only what the guard proves under this secret")
    args = parser.parse_args()

    Receiver.answer = args.answer
    if args.attest_secret_file:
        Receiver.proof = Proof(args.attest_secret_file)
    host, port = args.listen.rsplit(":", 1)
    with ThreadingHTTPServer((host, int(port)), Receiver) as server:
        print(f"receiver: listening on {host}:{server.server_port}, answering {args.answer}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
