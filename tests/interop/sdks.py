"""The providers' own Python SDKs, one look for all of them.

Nothing here computes a signature by itself: where an SDK does not sign, the
preset is not offered (see sdks.mjs). The SDKs sign text, so a body must be
UTF-8; some of them parse what they have verified, so to be verified it must be
JSON.
"""

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


class Jwt:
    """PyJWT. `alg` and `kid` go into the header, `claims` are signed as they are."""

    def sign(self, message, _body):
        import jwt

        token = jwt.encode(message["claims"], message["secret"], message["alg"], {"kid": message["kid"]})
        return {"Authorization": f"Bearer {token}"}

    def verify(self, message, _body):
        import jwt

        token = message["headers"]["authorization"].removeprefix("Bearer ")
        try:
            jwt.decode(token, message["secret"], [message["alg"]], audience=message["audience"])
        except jwt.InvalidTokenError:
            return False
        return True


class Rfc9421:
    """Besides the secret the message names `url`, `key_id`, `algorithm` and the `components`."""

    @staticmethod
    def parts(message, body):
        from http_message_signatures import algorithms

        class Request:
            method = "POST"
            url = message["url"]
            headers = {
                "Host": message["url"].split("/")[2],
                "Content-Type": "application/json",
                **message.get("headers", {}),
            }

        key = message["secret"].encode()
        keys = {message["key_id"]: key}
        names = {"hmac-sha256": "HMAC_SHA256", "ed25519": "ED25519", "ecdsa-p256-sha256": "ECDSA_P256_SHA256"}
        names |= {"rsa-pss-sha512": "RSA_PSS_SHA512", "rsa-v1_5-sha256": "RSA_V1_5_SHA256"}
        return Request(), keys, getattr(algorithms, names[message["algorithm"]])

    def sign(self, message, body):
        from http_message_signatures import HTTPMessageSigner, MappingKeyResolver

        request, keys, algorithm = self.parts(message, body)
        resolver = MappingKeyResolver(public_keys={}, private_keys=keys)
        created = datetime.fromtimestamp(message["timestamp"], tz=timezone.utc)
        HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=resolver).sign(
            request,
            key_id=message["key_id"],
            created=created,
            covered_component_ids=message["components"],
            body=body.encode(),
        )
        return request.headers

    def verify(self, message, body):
        from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver

        request, keys, algorithm = self.parts(message, body)
        resolver = MappingKeyResolver(public_keys=keys, private_keys={})
        try:
            HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=resolver).verify(
                request, require_components=message["components"], body=body.encode()
            )
        except InvalidSignature:
            return False
        return True


PRESETS = {
    "standard-webhooks": StandardWebhooks(),
    "svix": Svix(),
    "stripe": Stripe(),
    "slack": Slack(),
    "rfc9421": Rfc9421(),
    "jwt": Jwt(),
}
