"""Signs deliveries, and verifies them, with the providers' own Python SDKs.

Reads one JSON object a line from standard input:

    {"preset": "svix", "secret": "whsec_...", "body_b64": "...", "timestamp": 1700000000, "id": "msg_1"}

and answers each with one line, the header fields as a JSON object. `id` is
needed only by the schemes that sign one. Or, to have the SDK judge what
somebody else signed, by the clock of this machine:

    {"verify": true, "preset": "svix", "secret": "whsec_...", "body_b64": "...", "headers": {"svix-id": "msg_1", ...}}

answered by {"valid": true} or {"valid": false}. Nothing here computes a
signature by itself: where an SDK does not sign, the preset is not offered (see
sign.mjs).

The SDKs sign text, so the body must be UTF-8; some of them parse what they have
verified, so to be verified it must be JSON.
"""

import base64
import json
import sys
from datetime import datetime, timezone


class StandardWebhooks:
    prefix = "webhook"

    @staticmethod
    def sdk():
        from standardwebhooks import webhooks

        return webhooks

    def sign(self, message, body):
        timestamp = datetime.fromtimestamp(message["timestamp"], tz=timezone.utc)
        signature = self.sdk().Webhook(message["secret"]).sign(message["id"], timestamp, body)
        return {
            f"{self.prefix}-id": message["id"],
            f"{self.prefix}-timestamp": str(message["timestamp"]),
            f"{self.prefix}-signature": signature,
        }

    def verify(self, message, body):
        sdk = self.sdk()
        try:
            sdk.Webhook(message["secret"]).verify(body, message["headers"])
        except sdk.WebhookVerificationError:
            return False
        return True


class Svix(StandardWebhooks):
    prefix = "svix"

    @staticmethod
    def sdk():
        from svix import webhooks

        return webhooks


class Stripe:
    def sign(self, message, body):
        from stripe import WebhookSignature

        header = WebhookSignature.generate_signature_header(body, message["secret"], message["timestamp"])
        return {"Stripe-Signature": header}

    def verify(self, message, body):
        from stripe import SignatureVerificationError, WebhookSignature

        header = message["headers"]["stripe-signature"]
        try:
            return WebhookSignature.verify_header(body, header, message["secret"], tolerance=300)
        except SignatureVerificationError:
            return False


class Slack:
    def verifier(self, message):
        from slack_sdk.signature import SignatureVerifier

        return SignatureVerifier(message["secret"])

    def sign(self, message, body):
        timestamp = str(message["timestamp"])
        signature = self.verifier(message).generate_signature(timestamp=timestamp, body=body)
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}

    def verify(self, message, body):
        return self.verifier(message).is_valid_request(body, message["headers"])


PRESETS = {"standard-webhooks": StandardWebhooks(), "svix": Svix(), "stripe": Stripe(), "slack": Slack()}


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
