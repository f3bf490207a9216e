"""Plain manifests and the example: that the parts fit together, and that a guard takes what they configure.

    plain.py COUNTERSIGN KUBECTL WORK

The files that a guard would find in its volumes are laid out in WORK, with
the Secrets that the example's own script makes, and `countersign check guard`
judges the command line of each manifest there.
"""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

from manifests import of_kind, one, read

EXAMPLE = Path("examples/kubernetes")
EDGE = Path("deploy/kubernetes/edge")
POLICY = Path("deploy/kubernetes/policy/countersign-guard.yaml")
PREFIX = "countersign.dev/"
# Settings that name a Secret or a ConfigMap, and the keys that are read of it unless one is named.
REFERENCES = {"secret": ["secret"], "tls-secret": ["tls.crt", "tls.key"], "client-ca": ["ca.crt"]}


def equal(found, wanted):
    assert found == wanted, f"\n  found  {found}\n  wanted {wanted}"


def objects_of(directory):
    return [item for path in sorted(directory.glob("*.yaml")) for item in read(path.read_text())]


def made_by_the_examples_script(countersign, kubectl, work):
    """The Secrets and ConfigMaps, as bytes by (kind, name, key)."""
    programs = work / "programs"
    programs.mkdir()
    for name, program in (("countersign", countersign), ("kubectl", kubectl)):
        (programs / name).symlink_to(Path(program).resolve())
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        [EXAMPLE / "secrets", work / "kept"], env=environment, capture_output=True, text=True, check=True
    )
    made = {}
    for item in read(done.stdout):
        for key, value in item["data"].items():
            content = base64.b64decode(value) if item["kind"] == "Secret" else value.encode()
            made[item["kind"], item["metadata"]["name"], key] = content
    return made


def the_example_reads_what_its_script_makes(made):
    template = one(objects_of(EXAMPLE), "Deployment")["spec"]["template"]
    for key, value in template["metadata"]["annotations"].items():
        setting = key.removeprefix(PREFIX)
        if setting in REFERENCES:
            kind = "ConfigMap" if value.startswith("configmap:") else "Secret"
            name, _, named = value.split(":")[-1].partition("/")
            for wanted in [named] if named else REFERENCES[setting]:
                assert (kind, name, wanted) in made, f"{key}: {value} is not made"
    for volume in template["spec"]["volumes"]:
        assert any(name == volume["configMap"]["name"] for _, name, _ in made), volume


def nothing_but_the_guard_takes_deliveries_of_the_example():
    objects = objects_of(EXAMPLE)
    template = one(objects, "Deployment")["spec"]["template"]
    service = one(objects, "Service")["spec"]
    policy = one(objects, "NetworkPolicy")["spec"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    assert policy["podSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    equal([port["targetPort"] for port in service["ports"]], ["countersign"])
    equal(policy["ingress"][0], {"ports": [{"port": 8843, "protocol": "TCP"}]})
    for container in template["spec"]["containers"]:
        assert not container.get("ports"), "a port of the app"
        assert "127.0.0.1:3000" in container["command"], container["command"]
    equal(template["metadata"]["labels"][PREFIX + "inject"], "guard")
    labels = one(objects, "Namespace")["metadata"]["labels"]
    equal(labels[PREFIX + "injection"], "enabled")
    equal(labels["pod-security.kubernetes.io/enforce"], "restricted")


def write(directory, files):
    for path, content in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o600)


def check_guard(countersign, arguments, directory):
    done = subprocess.run(
        [Path(countersign).resolve(), "check", "guard", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"countersign check guard {arguments}:\n{done.stderr}"


def the_policys_guard_is_one(countersign, made, work):
    text = POLICY.read_text()
    policy = one(read(text), "MutatingAdmissionPolicy")
    binding = one(read(text), "MutatingAdmissionPolicyBinding")
    equal(binding["spec"]["policyName"], policy["metadata"]["name"])
    equal(policy["spec"]["failurePolicy"], "Fail")
    expression = policy["spec"]["mutations"][0]["jsonPatch"]["expression"]
    arguments = re.findall(r'"(.*?)"', re.search(r"args: \[(.*?)\]", expression, re.DOTALL)[1])
    equal(arguments[0], "guard")
    files = {}
    for kind, name, items in re.findall(
        r'sources\.(secret|configMap)\{\s*name: "(.*?)",\s*items: \[(.*?)\]', expression, re.DOTALL
    ):
        for key, path in re.findall(r'key: "(.*?)", path: "(.*?)"', items):
            files[path] = made[{"secret": "Secret", "configMap": "ConfigMap"}[kind], name, key]
    equal(len(files), 4)
    write(work / "policy", files)
    check_guard(countersign, arguments[1:], work / "policy")


def the_guard_at_the_edge_is_one(countersign, made, work):
    objects = objects_of(EDGE)
    configuration = one(objects, "ConfigMap")
    template = one(objects, "Deployment")["spec"]["template"]
    container = template["spec"]["containers"][0]
    stand_ins = {
        "tls.crt": made["Secret", "guard-tls", "tls.crt"],
        "tls.key": made["Secret", "guard-tls", "tls.key"],
        "ca.crt": made["ConfigMap", "sender-ca", "ca.crt"],
        "password": b"a password of Redis, made up for a check",
        "github": made["Secret", "webhook-secret", "secret"],
    }
    files = {name: text.encode() for name, text in configuration["data"].items()}
    for source in template["spec"]["volumes"][0]["projected"]["sources"]:
        for item in source.get("secret", {}).get("items", []):
            files[item["path"]] = stand_ins[item["key"]]
    equal(container["workingDir"], container["volumeMounts"][0]["mountPath"])
    write(work / "edge", files)
    equal(container["args"][0], "guard")
    check_guard(countersign, container["args"][1:], work / "edge")

    for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
        spec = one(objects, kind)["spec"]
        selector = spec.get("selector") or spec["podSelector"]
        assert selector.get("matchLabels", selector).items() <= template["metadata"]["labels"].items(), kind
    target = one(objects, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"]
    equal(target, one(objects, "Deployment")["metadata"]["name"])
    assert "cpu" in container["resources"]["requests"], "the autoscaler measures against a request"


def no_secret_is_in_the_repository():
    for directory in (EXAMPLE, EDGE, POLICY.parent):
        equal(of_kind(objects_of(directory), "Secret"), [])


def main():
    countersign, kubectl, work = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    made = made_by_the_examples_script(countersign, kubectl, work)
    the_example_reads_what_its_script_makes(made)
    nothing_but_the_guard_takes_deliveries_of_the_example()
    the_policys_guard_is_one(countersign, made, work)
    the_guard_at_the_edge_is_one(countersign, made, work)
    no_secret_is_in_the_repository()
    print(f"the example reads what its script makes ({len(made)} files); guards of policy and edge start from theirs")


if __name__ == "__main__":
    main()
