"""What the rendered chart must say, whatever the values.

    assertions.py RENDERED...

Each file is a set of values from the chart's ci/, rendered into the namespace
NAMESPACE and named after the set. What a schema cannot know is here: whom the
webhook waits for, what the injector may do, and that the parts fit together.
"""

import sys
from pathlib import Path

from manifests import name_of, of_kind, one, read

NAMESPACE = "countersign"
CLUSTER_SCOPED = {"ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration"}


def keys(value):
    """Every key, at any depth."""
    if isinstance(value, dict):
        yield from value
        value = value.values()
    if isinstance(value, (list, type({}.values()))):
        for part in value:
            yield from keys(part)


def expression(key, operator, *values):
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def the_webhook_waits_for_pods_that_want_a_sidecar_and_for_no_others(name, objects):
    injector = one(objects, "Deployment")["metadata"]["name"]
    further = [expression("environment", "In", "staging")] if name == "everything" else []
    fixed = {
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"name": injector, "namespace": NAMESPACE, "path": "/mutate", "port": 443}},
        "rules": [
            {
                "operations": ["CREATE"],
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "resources": ["pods"],
                "scope": "Namespaced",
            }
        ],
        "failurePolicy": "Fail",
        "timeoutSeconds": 5,
        "sideEffects": "None",
        "reinvocationPolicy": "IfNeeded",
        "matchPolicy": "Equivalent",
    }
    never = expression("kubernetes.io/metadata.name", "NotIn", "kube-system", "kube-node-lease", NAMESPACE)
    not_refused = expression("countersign.dev/inject", "NotIn", "false")
    wanted = [
        {
            "name": "namespaces.injector.countersign.dev",
            **fixed,
            "namespaceSelector": {
                "matchExpressions": [expression("countersign.dev/injection", "In", "enabled"), never, *further]
            },
            "objectSelector": {"matchExpressions": [not_refused]},
        },
        {
            "name": "pods.injector.countersign.dev",
            **fixed,
            "namespaceSelector": {
                "matchExpressions": [expression("countersign.dev/injection", "NotIn", "enabled"), never, *further]
            },
            "objectSelector": {"matchExpressions": [expression("countersign.dev/inject", "Exists"), not_refused]},
        },
    ]
    equal(one(objects, "MutatingWebhookConfiguration")["webhooks"], wanted)


def no_ca_bundle_and_no_key_is_rendered(_, objects):
    assert "caBundle" not in set(keys(objects)), "caBundle"
    for secret in of_kind(objects, "Secret"):
        assert not {"data", "stringData"} & secret.keys(), name_of(secret)


def the_injector_may_do_just_this(name, objects):
    configuration = one(objects, "MutatingWebhookConfiguration")["metadata"]["name"]
    read_namespaces = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]}
    patch_configuration = {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["mutatingwebhookconfigurations"],
        "resourceNames": [configuration],
        "verbs": ["get", "list", "watch", "patch"],
    }
    by_cert_manager = name.startswith("cert-manager")
    equal(one(objects, "ClusterRole")["rules"], [read_namespaces] + ([] if by_cert_manager else [patch_configuration]))

    self_managed = not by_cert_manager and name != "existing-secret"
    if self_managed:
        keep_secret = {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": [one(objects, "Secret")["metadata"]["name"]],
            "verbs": ["get", "list", "watch", "update"],
        }
        equal(one(objects, "Role")["rules"], [keep_secret])
    else:
        equal(of_kind(objects, "Role") + of_kind(objects, "RoleBinding") + of_kind(objects, "Secret"), [])


def roles_are_bound_to_the_injector_alone(_, objects):
    account = one(objects, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"]
    for binding in of_kind(objects, "RoleBinding") + of_kind(objects, "ClusterRoleBinding"):
        equal(binding["subjects"], [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}])
        role = one(objects, binding["roleRef"]["kind"])
        equal(binding["roleRef"]["name"], role["metadata"]["name"])


def every_object_is_in_the_namespace_or_named_after_it(_, objects):
    for item in objects:
        assert item["kind"] != "Namespace", "the chart makes no namespace"
        if item["kind"] in CLUSTER_SCOPED:
            assert "namespace" not in item["metadata"], name_of(item)
            assert item["metadata"]["name"].endswith(f"-{NAMESPACE}"), name_of(item)
        else:
            equal(item["metadata"]["namespace"], NAMESPACE)


def every_pod_passes_pod_security_restricted(name, objects):
    pods = [one(objects, "Deployment")["spec"]["template"], *of_kind(objects, "Pod")]
    for spec in (pod["spec"] for pod in pods):
        if not (name == "host-network" and pod_is_injector(spec)):
            assert not spec.get("hostNetwork"), "hostNetwork"
        equal(spec["securityContext"]["runAsNonRoot"], True)
        equal(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
        for volume in spec.get("volumes", []):
            assert set(volume) <= {"name", "secret"}, volume
        for container in spec["containers"]:
            context = container["securityContext"]
            equal(context["allowPrivilegeEscalation"], False)
            equal(context["readOnlyRootFilesystem"], True)
            equal(context["capabilities"], {"drop": ["ALL"]})


def pod_is_injector(spec):
    return spec["containers"][0]["name"] == "injector"


def everything_that_selects_the_injector_selects_it(_, objects):
    labels = one(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        one(objects, "Deployment")["spec"]["selector"]["matchLabels"],
        one(objects, "Service")["spec"]["selector"],
        one(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        one(objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    tester = one(objects, "Pod")["metadata"]["labels"]
    for selector in selectors:
        assert selector.items() <= labels.items(), f"{selector} misses {labels}"
        assert not selector.items() <= tester.items(), f"{selector} takes the test for an injector"


def a_call_finds_its_way_to_the_port_that_listens(_, objects):
    container = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    target = {port["name"]: (port["port"], port["targetPort"]) for port in one(objects, "Service")["spec"]["ports"]}
    equal(target["webhook"], (443, "webhook"))
    assert f"--listen=0.0.0.0:{ports['webhook']}" in container["args"], container["args"]
    assert f"--admin-listen=0.0.0.0:{ports['admin']}" in container["args"], container["args"]
    policy = one(objects, "NetworkPolicy")["spec"]
    equal(policy["policyTypes"], ["Ingress", "Egress"])
    equal(policy["ingress"][0]["ports"], [{"port": ports["webhook"], "protocol": "TCP"}])
    for probe, path in (("startupProbe", "/livez"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
        equal(container[probe]["httpGet"], {"path": path, "port": "admin"})


def the_certificate_comes_from_where_the_mode_says(name, objects):
    spec = one(objects, "Deployment")["spec"]["template"]["spec"]
    args = spec["containers"][0]["args"]
    flags = {arg.split("=")[0] for arg in args if not arg.startswith("--default=")}
    configuration = one(objects, "MutatingWebhookConfiguration")
    mounted = {"--tls-cert", "--tls-key"}
    kept = {"--certificate-secret", "--service", "--certificate-lifetime", "--ca-lifetime", "--webhook-configuration"}
    common = {"injector", "--listen", "--admin-listen", "--log-format", "--log-level"}
    annotations = configuration["metadata"].get("annotations", {})

    if name.startswith("cert-manager"):
        equal(flags, common | mounted)
        leaf = one(objects, "Certificate", one(objects, "Deployment")["metadata"]["name"])
        equal(annotations, {"cert-manager.io/inject-ca-from": f"{NAMESPACE}/{leaf['metadata']['name']}"})
        equal(leaf["spec"]["secretName"], spec["volumes"][0]["secret"]["secretName"])
        service = one(objects, "Service")["metadata"]["name"]
        assert f"{service}.{NAMESPACE}.svc" in leaf["spec"]["dnsNames"], leaf
    elif name == "existing-secret":
        equal(flags, common | mounted | {"--webhook-ca", "--webhook-configuration"})
        equal(spec["volumes"][0]["secret"]["secretName"], "injector-tls")
    else:
        equal(flags, common | kept)
        assert "volumes" not in spec, spec["volumes"]
        assert f"--certificate-secret={one(objects, 'Secret')['metadata']['name']}" in args, args
    if not name.startswith("cert-manager"):
        equal(annotations, {})
        assert f"--webhook-configuration={configuration['metadata']['name']}" in args, args


def the_sidecars_image_is_the_injectors_unless_it_is_named(name, objects):
    container = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    named = "registry.example.com/countersign@sha256:" + 64 * "1"
    image = named if name == "host-network" else container["image"]
    equal([arg for arg in container["args"] if arg.startswith("--default=image=")], [f"--default=image={image}"])
    equal(container["args"][1], f"--default=image={image}")


def two_injectors_of_which_one_may_be_away(name, objects):
    deployment = one(objects, "Deployment")["spec"]
    assert deployment["replicas"] >= 2, deployment["replicas"]
    spread = deployment["template"]["spec"]["topologySpreadConstraints"]
    assert name == "everything" or len(spread) == 2, spread
    equal(deployment["strategy"]["rollingUpdate"]["maxUnavailable"], 1 if name == "host-network" else 0)


def every_option_arrives(name, objects):
    if name != "everything":
        return
    spec = one(objects, "Deployment")["spec"]["template"]["spec"]
    container = spec["containers"][0]
    image = "registry.example.com:5000/platform/mirrored/countersign@sha256:" + 64 * "0"
    equal(container["image"], image)
    equal(
        container["args"],
        [
            "injector",
            f"--default=image={image}",
            "--listen=0.0.0.0:8443",
            "--admin-listen=0.0.0.0:8444",
            "--log-format=text",
            "--log-level=debug",
            "--certificate-secret=webhooks-injector-certificates",
            "--service=webhooks-injector",
            "--certificate-lifetime=30d",
            "--ca-lifetime=365d",
            "--webhook-configuration=webhooks-injector-countersign",
            "--default=client-identity=URI:spiffe://example.com/$$(NAME)",
            "--default=cpu-limit=500m",
            "--default=log-format=json",
            "--default=log-level=warn",
        ],
    )
    equal(spec["serviceAccountName"], "injector")
    equal(spec["nodeSelector"], {"kubernetes.io/os": "linux"})
    assert spec["affinity"]["podAntiAffinity"] and spec["tolerations"] and "priorityClassName" not in spec
    equal(one(objects, "NetworkPolicy")["spec"]["ingress"][0]["from"][0], {"ipBlock": {"cidr": "192.0.2.0/28"}})
    equal(one(objects, "ConfigMap")["data"], {"release": "countersign"})
    port = one(objects, "ServiceMonitor")["spec"]["endpoints"][0]["port"]
    assert port in [port["name"] for port in one(objects, "Service")["spec"]["ports"]], port


def equal(found, wanted):
    assert found == wanted, f"\n  found  {found}\n  wanted {wanted}"


CHECKS = (
    the_webhook_waits_for_pods_that_want_a_sidecar_and_for_no_others,
    no_ca_bundle_and_no_key_is_rendered,
    the_injector_may_do_just_this,
    roles_are_bound_to_the_injector_alone,
    every_object_is_in_the_namespace_or_named_after_it,
    every_pod_passes_pod_security_restricted,
    everything_that_selects_the_injector_selects_it,
    a_call_finds_its_way_to_the_port_that_listens,
    the_certificate_comes_from_where_the_mode_says,
    the_sidecars_image_is_the_injectors_unless_it_is_named,
    two_injectors_of_which_one_may_be_away,
    every_option_arrives,
)


def main():
    failures = 0
    for path in map(Path, sys.argv[1:]):
        objects = read(path.read_text())
        for check in CHECKS:
            try:
                check(path.stem, objects)
            except AssertionError as error:
                failures += 1
                print(f"{path.stem}: {check.__name__}: {error}", file=sys.stderr)
    print(f"{len(CHECKS)} assertions about {len(sys.argv) - 1} sets of values, {failures} do not hold")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
