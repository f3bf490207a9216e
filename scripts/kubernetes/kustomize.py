"""Keeps deploy/kustomize what the chart renders, so that there is one description of the injector and not two.

    kustomize.py HELM KUBECTL CHART KUSTOMIZE [--write]

With --write it writes the base and the certificates of the component
cert-manager. Always it checks that base and component build to exactly what
the chart renders in its modes selfManaged and certManager.
"""

import subprocess
import sys
from pathlib import Path

import yaml
from manifests import name_of, of_kind, read

# Where the base is made for; another namespace takes the chart.
NAMESPACE = "countersign"
HELM_LABELS = ("helm.sh/chart", "app.kubernetes.io/managed-by")
HEADER = "# Rendered from the chart by scripts/check-kubernetes --write.\n"
KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
"""


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def rendered(helm, chart, *arguments):
    """What the chart renders, without what only Helm has use for."""
    text = output_of(helm, "template", "countersign", chart, "--namespace", NAMESPACE, *arguments)
    objects = [item for item in read(text) if "helm.sh/hook" not in item["metadata"].get("annotations", {})]
    for item in objects:
        template = item.get("spec", {}).get("template")
        for metadata in [item["metadata"]] + ([template["metadata"]] if item["kind"] == "Deployment" else []):
            for label in HELM_LABELS:
                metadata["labels"].pop(label, None)
    return objects


def dumped(objects):
    return HEADER + "---\n".join(yaml.dump(item, Dumper=Dumper, sort_keys=False, width=120) for item in objects)


def base_files(objects):
    files = {}
    for kind in dict.fromkeys(item["kind"] for item in objects):
        files[f"{kind.lower()}.yaml"] = dumped(of_kind(objects, kind))
    files["kustomization.yaml"] = HEADER + KUSTOMIZATION + "".join(f"  - {name}\n" for name in sorted(files))
    return files


def compare(what, built, wanted):
    """The differences, by object."""
    built, wanted = ({name_of(item): item for item in objects} for objects in (built, wanted))
    problems = [f"{what}: {name} is not in the chart" for name in built.keys() - wanted.keys()]
    problems += [f"{what}: {name} is missing" for name in wanted.keys() - built.keys()]
    for name in built.keys() & wanted.keys():
        if built[name] != wanted[name]:
            problems.append(f"{what}: {name} differs:\n  built  {built[name]}\n  wanted {wanted[name]}")
    return problems


def image_problems(objects):
    """Whether the injector and its sidecars were moved to another registry together."""
    container = of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]
    moved = "registry.example.com/countersign:0.1.0"
    said = [container["image"], *container["args"]]
    wanted = moved, f"--default=image={moved}"
    return [f"overlay registry: {text} is missing in {said}" for text in wanted if text not in said]


def main():
    helm, kubectl, chart, kustomize = sys.argv[1:5]
    kustomize = Path(kustomize)
    self_managed = rendered(helm, chart)
    cert_manager = rendered(helm, chart, "--set", "certificates.mode=certManager")
    files = {Path("base") / name: text for name, text in base_files(self_managed).items()}
    custom = [item for item in cert_manager if item["apiVersion"].startswith("cert-manager.io/")]
    files[Path("components/cert-manager/certificates.yaml")] = dumped(custom)

    problems = []
    for path, text in files.items():
        if "--write" in sys.argv:
            (kustomize / path).parent.mkdir(parents=True, exist_ok=True)
            (kustomize / path).write_text(text)
        elif not (kustomize / path).exists() or (kustomize / path).read_text() != text:
            problems.append(f"{kustomize / path} is not what the chart renders: scripts/check-kubernetes --write")
    left_over = {path.relative_to(kustomize) for path in (kustomize / "base").iterdir()} - set(files)
    problems += [f"{kustomize / path} is left over" for path in sorted(left_over)]

    def build(path):
        return read(output_of(kubectl, "kustomize", str(kustomize / path)))

    problems += compare("base", build("base"), self_managed)
    problems += compare("component cert-manager", build("overlays/cert-manager"), cert_manager)
    problems += image_problems(build("overlays/registry"))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"kustomize builds the chart's {len(self_managed)} objects, with cert-manager its {len(cert_manager)}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
