"""Signs deliveries, and verifies them, with the providers' own Python SDKs.

Reads one JSON object a line from standard input:

    {"preset": "svix", "secret": "whsec_...", "body_b64": "...", "timestamp": 1700000000, "id": "msg_1"}

and answers each with one line, the header fields as a JSON object. `id` is
needed only by the schemes that sign one. Or, to have the SDK judge what
somebody else signed, by the clock of this machine:

    {"verify": true, "preset": "svix", "secret": "whsec_...", "body_b64": "...", "headers": {"svix-id": "msg_1", ...}}

answered by {"valid": true} or {"valid": false}.
"""

import base64
import json
import sys

from sdks import PRESETS


def main():
    for line in sys.stdin:
        message = json.loads(line)
        preset = PRESETS.get(message["preset"])
        if preset is None:
            sys.exit(f"sign.py: no Python SDK signs for {message['preset']!r}; offered: {', '.join(PRESETS)}")
        body = base64.b64decode(message["body_b64"], validate=True).decode("utf-8")
        if message.get("verify"):
            answer = {"valid": preset.verify(message, body)}
        else:
            answer = preset.sign(message, body)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
