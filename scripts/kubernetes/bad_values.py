"""Values that the chart must refuse, each with what its error names.

bad_values.py HELM CHART
"""

import subprocess
import sys

# Arguments of `helm template`, and a part of the error.
REFUSED = [
    (["--set", "replica=3"], "replica"),
    (["--set", "image.digset=sha256:00"], "digset"),
    (["--set", "certificates.selfManaged.lifetimes=1d"], "lifetimes"),
    (["--set", "replicas=0"], "replicas"),
    (["--set-string", "replicas=2"], "replicas"),
    (["--set", "image.digest=sha256:123"], "image/digest"),
    (["--set", "image.tag=a:b"], "image/tag"),
    (["--set", "image.repository=Upper"], "image/repository"),
    (["--set", "image.registry=https://registry.example.com"], "image/registry"),
    (["--set", "image.pullPolicy=Sometimes"], "image/pullPolicy"),
    (["--set", "imagePullSecrets[0]=registry"], "imagePullSecrets"),
    (["--set", "defaults.listen-port=8843"], "defaults/listen-port"),
    (["--set-string", "defaults.log_level=warn"], "log_level"),
    (["--set-string", "defaults.countersign\\.dev/log-level=warn"], "countersign.dev/log-level"),
    (["--set-string", "defaults.log-level=a\nb"], "defaults/log-level"),
    (["--set", "logLevel=verbose"], "logLevel"),
    (["--set", "logFormat=xml"], "logFormat"),
    (["--set", "ports.webhook=443"], "ports/webhook"),
    (["--set", "ports.admin=70000"], "ports/admin"),
    (["--set", "ports.webhook=9000,ports.admin=9000"], "must differ"),
    (["--set", "webhook.failurePolicy=Ignore"], "failurePolicy"),
    (["--set", "webhook.namespaceSelector[0].key=a"], "operator"),
    (["--set", "webhook.namespaceSelector[0].key=a,webhook.namespaceSelector[0].operator=Is"], "operator"),
    (["--set", "certificates.mode=helm"], "certificates/mode"),
    (["--set", "certificates.mode=existingSecret"], "certificates/existingSecret/name"),
    (["--set", "certificates.existingSecret.name=Not_A_Name"], "certificates/existingSecret/name"),
    (["--set", "certificates.selfManaged.lifetime=90"], "certificates/selfManaged/lifetime"),
    (["--set", "certificates.certManager.duration=90d"], "certificates/certManager/duration"),
    (["--set", "certificates.certManager.issuerRef.kind=ClusterIssuer"], "issuerRef"),
    (["--set", "certificates.caBundle=AAAA"], "caBundle"),
    (["--set", "serviceAccount.create=false"], "serviceAccount/name"),
    (["--set", "serviceAccount.create=yes-please"], "serviceAccount/create"),
    (["--set", "runAsUser=0"], "runAsUser"),
    (["--set", "resources.limits.memory=lots"], "resources/limits/memory"),
    (["--set", "resources.claims[0].name=a"], "claims"),
    (["--set", "shutdownDelaySeconds=600"], "shutdownDelaySeconds"),
    (["--set-string", "podLabels.app\\.kubernetes\\.io/name=other"], "app.kubernetes.io/name"),
    (["--set", "affinity.podAfinity.a=b"], "podAfinity"),
    (["--set", "podDisruptionBudget.maxUnavailable=0"], "podDisruptionBudget/maxUnavailable"),
    (["--set-string", "podDisruptionBudget.maxUnavailable=half"], "podDisruptionBudget/maxUnavailable"),
    (["--set", "networkPolicy.apiServerCidrs[0]=10.0.0.1"], "networkPolicy/apiServerCidrs"),
    (["--set-json", "networkPolicy.apiServerPorts=[]"], "networkPolicy/apiServerPorts"),
    (["--set", "serviceMonitor.interval=often"], "serviceMonitor/interval"),
    (["--set", "tests.image="], "tests/image"),
    (["--set", "fullnameOverride=Countersign"], "fullnameOverride"),
    (["--set", "extraObjects[0]=text"], "extraObjects"),
    (["--kube-version", "1.32.0"], "1.33"),
]
# A release whose name is as long as Helm takes it, with the chart's name behind it.
LONG_RELEASE = "a" * 53


def problem(helm, chart, arguments, expected, release="countersign"):
    done = subprocess.run(
        [helm, "template", release, chart, "--namespace", "countersign", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.replace(".", "/") + done.stderr
    if done.returncode == 0:
        return f"{arguments}: taken"
    if expected not in said:
        return f"{arguments}: the error names no {expected}: {done.stderr.strip()}"
    return None


def main():
    helm, chart = sys.argv[1:]
    problems = [problem(helm, chart, arguments, expected) for arguments, expected in REFUSED]
    problems.append(problem(helm, chart, [], "fullnameOverride", LONG_RELEASE))
    problems = [text for text in problems if text]
    for text in problems:
        print(text, file=sys.stderr)
    print(f"{len(REFUSED) + 1 - len(problems)} of {len(REFUSED) + 1} wrong values are refused, by name")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
