#!/usr/bin/env python3
"""Makes the captures beside this file: deliveries that were genuine once, each
spoiled in one of the ways in which people spoil them. Signed with Python's own
`hmac`, encoded with its own `json`, `base64` and `urllib`; nothing here knows
how Countersign looks for what went wrong.

Run it by hand after a change: python3 tests/explain/make.py
"""

import base64
import hashlib
import hmac
import json
import pathlib
import urllib.parse

HERE = pathlib.Path(__file__).parent
KEY = b"0123456789-0123456789-0123456789"
WHSEC = "whsec_" + base64.b64encode(KEY).decode()
PLAIN = "a-shared-secret-of-good-length"
HEXED = KEY.hex()
NOW = 1700000000
DATE = "Tue, 14 Nov 2023 22:13:25 GMT"
EVENT = {"id": "evt_1", "type": "invoice.paid", "url": "https://shop.example/a?b=1", "name": "J\u00fcrgen <j@x.example>", "lines": [1, 2.5, {"n": None}]}

cases = []


def mac(key, data, digest=hashlib.sha256):
    return hmac.new(key if isinstance(key, bytes) else key.encode(), data, digest)


def github(body, key=PLAIN):
    return [("X-Hub-Signature-256", "sha256=" + mac(key, body).hexdigest())]


def stripe(body, key=WHSEC, t=NOW):
    return [("Stripe-Signature", f"t={t},v1=" + mac(key, f"{t}.".encode() + body).hexdigest())]


def slack(body, key=PLAIN, t=NOW, sent=None):
    signature = "v0=" + mac(key, f"v0:{t}:".encode() + body).hexdigest()
    return [("X-Slack-Request-Timestamp", str(sent or t)), ("X-Slack-Signature", signature)]


def standard(body, key=KEY, prefix="webhook", message="msg_1", t=NOW):
    signature = "v1," + base64.b64encode(mac(key, f"{message}.{t}.".encode() + body).digest()).decode()
    return [(f"{prefix}-id", message), (f"{prefix}-timestamp", str(t)), (f"{prefix}-signature", signature)]


def head(fields, body, line="POST /hooks HTTP/1.1", length=None, date=DATE, kind="application/json"):
    lines = [line, "Host: hooks.example", f"Date: {date}", f"Content-Type: {kind}"]
    lines += [f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def case(name, content, scheme, secret, expect, code="signature_mismatch", suffix="http", flags=(), other=None):
    """`expect`: the mistakes that must be found together, or what is concluded."""
    file = f"{name}.{suffix}"
    (HERE / file).write_bytes(content)
    row = {"name": name, "file": file, "scheme": scheme, "secret": secret, "code": code, "flags": list(flags)}
    row["expect"] = expect if isinstance(expect, list) else [expect]
    if other:
        row["other_secret"] = other
    cases.append(row)


def raw(name, fields, body, *args, **options):
    heading = {key: options.pop(key) for key in ("line", "length", "date", "kind") if key in options}
    case(name, head(fields, body, **heading) + body, *args, **options)


compact = json.dumps(EVENT, separators=(",", ":"), ensure_ascii=False).encode()
spaced = json.dumps(EVENT).encode()

# The body.
raw("line_end_added", github(compact), compact + b"\n", "github", PLAIN, ["body_line_end_added"])
raw("line_end_lost", github(compact + b"\n"), compact, "github", PLAIN, ["body_line_end_lost"])
raw("crlf", github(b'{\r\n  "a": 1\r\n}'), b'{\n  "a": 1\n}', "github", PLAIN, ["body_line_ends"])
raw("json_rewritten", github(spaced), compact, "github", PLAIN, ["body_json"])
php = compact.decode().replace("/", "\\/").encode("ascii", "backslashreplace").replace(b"\\xfc", b"\\u00fc")
raw("json_by_php", stripe(php), json.dumps(EVENT, indent=2, ensure_ascii=False).encode(), "stripe", WHSEC, ["body_json"])
raw("json_sorted", standard(json.dumps(EVENT, sort_keys=True).encode()), compact, "standard-webhooks", WHSEC, ["body_json"])
raw("bom", github(compact), b"\xef\xbb\xbf" + compact, "github", PLAIN, ["body_bom"])
form = urllib.parse.urlencode({"text": "hello world/!", "user": "J\u00fcrgen"})
raw("form_rewritten", slack(form.encode()), form.replace("+", "%20").encode(), "slack", PLAIN, ["body_form"], kind="application/x-www-form-urlencoded")
raw("encoded_as_string", github(compact), json.dumps(compact.decode()).encode(), "github", PLAIN, ["body_encoded"])
raw("encoded_as_base64", github(compact), base64.b64encode(compact), "github", PLAIN, ["body_encoded"])
raw("taken_for_latin1", github(compact), compact.decode("latin-1").encode(), "github", PLAIN, ["body_encoded"])
raw("longer_than_said", github(compact), compact + b"\n# saved by hand\n", "github", PLAIN, ["body_longer"], length=len(compact))
raw("signed_empty", github(b""), compact, "github", PLAIN, ["body_empty"])
raw("truncated", github(compact), compact[:40], "github", PLAIN, "unexplained", length=len(compact))

# The secret.
raw("secret_not_decoded", standard(compact, WHSEC), compact, "standard-webhooks", WHSEC, ["secret_reading"])
raw("secret_decoded", stripe(compact, KEY), compact, "stripe", WHSEC, ["secret_reading"])
raw("secret_hex", github(compact, KEY), compact, "github", HEXED, ["secret_reading"])
raw("secret_label", stripe(compact, WHSEC[6:]), compact, "stripe", WHSEC, ["secret_prefix"])
raw("secret_line_end", github(compact, PLAIN + "\n"), compact, "github", PLAIN, ["secret_line_end"])
raw("secret_quoted", github(compact), compact, "github", f'"{PLAIN}"', ["secret_quoted"])
raw("secret_of_test_mode", stripe(compact, "whsec_of-the-test-mode-endpoint"), compact, "stripe", WHSEC, ["other_secret"], other="whsec_of-the-test-mode-endpoint")
raw("secret_unknown", stripe(compact, "nobody-has-this-one-any-more"), compact, "stripe", WHSEC, "unexplained")

# The fields.
raw("upper_case_hex", [("X-Hub-Signature-256", "sha256=" + mac(PLAIN, compact).hexdigest().upper())], compact, "github", PLAIN, ["signature_spelling"], code="signature_malformed")
raw("no_prefix", [("X-Hub-Signature-256", mac(PLAIN, compact).hexdigest())], compact, "github", PLAIN, ["signature_spelling"], code="signature_malformed")
raw("hex_for_base64", [("X-Shopify-Hmac-Sha256", mac(PLAIN, compact).hexdigest())], compact, "shopify", PLAIN, ["signature_spelling"], code="signature_malformed")
raw("milliseconds", slack(compact, sent=NOW * 1000), compact, "slack", PLAIN, ["timestamp_unit"], code="timestamp_in_future")
raw("repeated", github(compact) + [("X-Hub-Signature-256", "sha256=" + "0" * 64)], compact, "github", PLAIN, ["field_repeated"], code="header_repeated")
raw("renamed", standard(compact, prefix="x-acme"), compact, "standard-webhooks", WHSEC, ["field_elsewhere"], code="signature_missing")
raw("of_another_scheme", standard(compact), compact, "svix", WHSEC, ["other_preset"], code="signature_missing")

# The URL, as it is entered at the sender.
OWN = ["--public-url", "https://hooks.example/hooks"]


def square(body, url):
    return [("x-square-hmacsha256-signature", base64.b64encode(mac(PLAIN, url.encode() + body).digest()).decode())]


def trello(body, url):
    return [("X-Trello-Webhook", base64.b64encode(mac(PLAIN, body + url.encode(), hashlib.sha1).digest()).decode())]


def twilio(fields, url):
    text = url + "".join(name + value for name, value in sorted(fields.items()))
    return [("X-Twilio-Signature", base64.b64encode(mac(PLAIN, text.encode(), hashlib.sha1).digest()).decode())]


raw("url_plain_http", square(compact, "http://hooks.example/hooks"), compact, "square", PLAIN, ["url_scheme"], flags=OWN)
raw("url_slash", trello(compact, "https://hooks.example/hooks/"), compact, "trello", PLAIN, ["url_slash"], flags=OWN)
sms = {"From": "+15550001", "Body": "hi there"}
call = twilio(sms, "https://hooks.example/hooks")
raw("url_host", call, urllib.parse.urlencode(sms).encode(), "twilio-form", PLAIN, ["url_host"], kind="application/x-www-form-urlencoded", flags=["--public-url", "https://internal.example/hooks"])
raw("url_port", square(compact, "https://hooks.example:443/hooks"), compact, "square", PLAIN, ["url_port"], flags=OWN)
raw("url_path", square(compact, "https://hooks.example/in/square"), compact, "square", PLAIN, ["url_path"], flags=["--public-url", "https://hooks.example/hooks"], line="POST /in/square HTTP/1.1")
raw("url_and_line_end", square(compact, "http://hooks.example/hooks"), compact + b"\n", "square", PLAIN, ["url_scheme", "body_line_end_added"], flags=OWN)

# The time.
raw("too_old", stripe(compact, t=NOW - 3600), compact, "stripe", WHSEC, "time_only", code="timestamp_too_old")

# Two at once.
raw("two_mistakes", stripe(spaced, WHSEC[6:]), compact, "stripe", WHSEC, ["secret_prefix", "body_json"])

# Other forms of capture.
entry = lambda headers, text: {"startedDateTime": "2023-11-14T23:13:25.000+01:00", "request": {"method": "POST", "url": "https://hooks.example/hooks?a=b", "headers": [{"name": n, "value": v} for n, v in headers], "postData": {"mimeType": "application/json", "text": text}}}
har = {"log": {"version": "1.2", "entries": [entry([], ""), entry(standard(compact) + [(":method", "POST")], compact.decode())]}}
case("exported", json.dumps(har, indent=1).encode(), "standard-webhooks", WHSEC, "holds", code=None, suffix="har", flags=["--entry", "2"])
har["log"]["entries"][1]["request"]["postData"]["text"] = json.dumps(EVENT, indent=4, ensure_ascii=False)
case("exported_rewritten", json.dumps(har, indent=1).encode(), "standard-webhooks", WHSEC, ["body_json"], suffix="har", flags=["--entry", "2"])
words = " \\\n  ".join(f"-H '{name}: {value}'" for name, value in stripe(b'{"a": "it\'s"}'))
line = f"curl 'https://hooks.example/hooks' \\\n  {words} \\\n  -H 'content-type: application/json' \\\n  --data-raw $'{{\"a\": \"it\\'s\"}}' --compressed\n"
case("copied", line.encode(), "stripe", WHSEC, "holds", code=None, suffix="curl", flags=["--received-at", "signed"])
(HERE / "body.json").write_bytes(b'{"a": 1}\n')
words = " ".join(f"-H '{name}: {value}'" for name, value in github(b'{"a": 1}\n'))
case("data_from_file", f"curl https://hooks.example/hooks {words} -d @body.json\n".encode(), "github", PLAIN, ["body_line_end_lost"], suffix="curl", flags=["--received-at", "1700000000"])
ended = ["--secret-not-after", "0=2023-11-14T22:00:00Z"]
raw("secret_expired", standard(compact), compact, "standard-webhooks", WHSEC, "unexplained", flags=ended)
raw("genuine", standard(compact), compact, "standard-webhooks", WHSEC, "holds", code=None)

# As a guard captures what it refuses before it reads the body.
noted = lambda code: [("Countersign-Capture", f'received={NOW}.250, source="a", code={code}, body=unread')]
raw("unsigned", noted("signature_missing"), b"", "github", PLAIN, "absent", code="signature_missing", length=129)
raw("refused_before", github(compact) + noted("address_not_allowed"), b"", "github", PLAIN, "not_looked_at", code="address_not_allowed", length=129)

(HERE / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
