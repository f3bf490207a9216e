"""Judges manifests by the schemas of Kubernetes, strictly: a field that nobody knows is an error.

    validate.py WORK FILE...

Objects of Kubernetes are held against the oldest version that the project
supports and the newest whose schemas there are; custom resources against
the types of their projects, which the TypeScript compiler checks in WORK.
What can be judged by neither is an error.
"""

import json
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
from manifests import name_of, read

FLOOR = "1.33"
NEWEST = kubernetes_validate.latest_version()
VERSIONS = (FLOOR, "1.36", NEWEST)
# Kinds that came later than the floor, and with which version.
SINCE = {"MutatingAdmissionPolicy": "1.36", "MutatingAdmissionPolicyBinding": "1.36"}
# Custom resources: the module that declares their type.
TYPES = {
    ("cert-manager.io/v1", "Certificate"): "@kubernetes-models/cert-manager/cert-manager.io/v1",
    ("cert-manager.io/v1", "Issuer"): "@kubernetes-models/cert-manager/cert-manager.io/v1",
    ("monitoring.coreos.com/v1", "ServiceMonitor"): "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
}


def minor(version):
    return tuple(int(part) for part in version.split(".")[:2])


def judge(item):
    """What is wrong with an object of Kubernetes, by version."""
    problems = []
    for version in VERSIONS:
        if minor(version) < minor(SINCE.get(item["kind"], FLOOR)):
            continue
        try:
            kubernetes_validate.validate(item, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            path = ".".join(str(part) for part in error.path)
            problems.append(f"{version}: {path}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            problems.append(f"{version}: {error.message}")
    return problems


def typescript(items):
    """A program that compiles only if every item is what its type says, and nothing more."""
    lines = []
    for number, item in enumerate(items):
        module = TYPES[item["apiVersion"], item["kind"]]
        lines.append(f'import type {{ I{item["kind"]} as T{number} }} from "{module}";')
        lines.append(f"export const v{number}: T{number} = {json.dumps(item)};")
    return "\n".join(lines) + "\n"


def judge_custom(items, work):
    program = work / "custom.mts"
    program.write_text(typescript(items))
    compiler = work / "node_modules/typescript/bin/tsc"
    arguments = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"]
    done = subprocess.run(
        [work / "bin/node", compiler, *arguments, program], cwd=work, capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines() if done.returncode else []


def main():
    work = Path(sys.argv[1]).resolve()
    problems, custom, counts = [], [], {}
    for path in sys.argv[2:]:
        objects = read(Path(path).read_text())
        if not objects:
            problems.append(f"{path}: no objects")
        for item in objects:
            counts[item["kind"]] = counts.get(item["kind"], 0) + 1
            if (item["apiVersion"], item["kind"]) in TYPES:
                custom.append(item)
                continue
            problems += [f"{path}: {name_of(item)}: {problem}" for problem in judge(item)]
    if custom:
        problems += judge_custom(custom, work)

    for problem in problems:
        print(problem, file=sys.stderr)
    total = sum(counts.values())
    late = sorted(set(SINCE) & set(counts))
    print(f"{total - len(custom)} objects of {len(sys.argv) - 2} files against Kubernetes {', '.join(VERSIONS)}")
    for kind in late:
        print(f"  {kind} from {SINCE[kind]} on, with which it came")
    if custom:
        kinds = sorted({item["kind"] for item in custom})
        print(f"{len(custom)} custom resources ({', '.join(kinds)}) against the types of their projects")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
