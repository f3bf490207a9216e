"""What `helm test` runs: asks the injector for a sidecar as the API server would.

It knows nothing but the webhook's CA and address. What it does not see is the
API server's own way here; the notes of the chart have a command for that.
"""

import base64
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request

URL = os.environ["WEBHOOK_URL"]
CA = os.environ["WEBHOOK_CA"]
UID = "11111111-2222-4333-8444-555555555555"
# Endpoints may need a moment after an installation.
TRIES, PAUSE_SECONDS = 10, 3


def review():
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "countersign-test-",
            "labels": {"countersign.dev/inject": "guard"},
            "annotations": {
                "countersign.dev/scheme": "standard-webhooks",
                "countersign.dev/secret": "countersign-test",
                "countersign.dev/tls-secret": "countersign-test",
                "countersign.dev/client-auth": "off",
                "countersign.dev/upstream-port": "3000",
            },
        },
        "spec": {"containers": [{"name": "app", "image": "app"}]},
    }
    request = {
        "uid": UID,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "helm-test"},
        "object": pod,
        "oldObject": None,
        "dryRun": True,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def tls():
    context = ssl.create_default_context(cafile=CA)
    # Chain, name and time, as the API server judges; not the further extensions that Python 3.13 asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def ask():
    question = urllib.request.Request(
        URL, data=json.dumps(review()).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(question, timeout=5, context=tls()) as answer:
        return json.load(answer)["response"]


def ask_until_answered():
    for tries_left in reversed(range(TRIES)):
        try:
            return ask()
        except (urllib.error.URLError, OSError) as error:
            print(f"{URL}: {error}", flush=True)
            if not tries_left:
                sys.exit(f"no answer after {TRIES} tries")
            time.sleep(PAUSE_SECONDS)


response = ask_until_answered()
if response.get("uid") != UID or not response.get("allowed"):
    sys.exit(f"refused: {json.dumps(response)}")
patch = json.loads(base64.b64decode(response["patch"]))
if "countersign-guard" not in json.dumps(patch):
    sys.exit(f"the patch has no guard: {json.dumps(patch)}")
print(f"the injector adds the guard, in {len(patch)} operations")
