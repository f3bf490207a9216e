"""Signs deliveries with the providers' own Python SDKs.

Reads one JSON object a line from standard input:

    {"preset": "svix", "secret": "whsec_...", "body_b64": "...", "timestamp": 1700000000, "id": "msg_1"}

and answers each with one line, the header fields as a JSON object. `id` is
needed only by the schemes that sign one. Nothing here computes a signature by
itself: where an SDK does not sign, the preset is not offered (see sign.mjs).

The SDKs sign text, so the body must be UTF-8.
"""

import base64
import json
import sys
from datetime import datetime, timezone


def standard_webhooks(message, body):
    from standardwebhooks.webhooks import Webhook

    return id_timestamp_signature("webhook", Webhook(message["secret"]), message, body)


def svix(message, body):
    from svix.webhooks import Webhook

    return id_timestamp_signature("svix", Webhook(message["secret"]), message, body)


def id_timestamp_signature(prefix, webhook, message, body):
    timestamp = datetime.fromtimestamp(message["timestamp"], tz=timezone.utc)
    return {
        f"{prefix}-id": message["id"],
        f"{prefix}-timestamp": str(message["timestamp"]),
        f"{prefix}-signature": webhook.sign(message["id"], timestamp, body),
    }


def stripe(message, body):
    from stripe import WebhookSignature

    header = WebhookSignature.generate_signature_header(body, message["secret"], message["timestamp"])
    return {"Stripe-Signature": header}


def slack(message, body):
    from slack_sdk.signature import SignatureVerifier

    timestamp = str(message["timestamp"])
    signature = SignatureVerifier(message["secret"]).generate_signature(timestamp=timestamp, body=body)
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


SIGNERS = {"standard-webhooks": standard_webhooks, "svix": svix, "stripe": stripe, "slack": slack}


def main():
    for line in sys.stdin:
        message = json.loads(line)
        sign = SIGNERS.get(message["preset"])
        if sign is None:
            sys.exit(f"sign.py: no Python SDK signs for {message['preset']!r}; offered: {', '.join(SIGNERS)}")
        body = base64.b64decode(message["body_b64"], validate=True).decode("utf-8")
        print(json.dumps(sign(message, body)), flush=True)


if __name__ == "__main__":
    main()
