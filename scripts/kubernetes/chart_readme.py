"""Writes the table of values in the chart's README from values.yaml, or checks that it is what it would write.

    chart_readme.py CHART [--write]

A value's description is the comment above it that begins with `# -- `. Every
value has one, itself or on a part of it.
"""

import json
import sys
from pathlib import Path

import yaml

BEGIN, END = "<!-- values: begin -->\n", "<!-- values: end -->\n"


def rows(text):
    """Path, default and description of each described value, in the order of the file."""
    node = yaml.compose(text)
    yield from rows_of(node, "", text.splitlines())


def rows_of(node, prefix, lines):
    for key, value in node.value:
        path = prefix + key.value
        description = description_above(lines, key.start_mark.line)
        if description:
            yield path, yaml.safe_load(yaml.serialize(value)), description
        elif isinstance(value, yaml.MappingNode) and value.value:
            yield from rows_of(value, path + ".", lines)
        else:
            sys.exit(f"values.yaml: {path} has no description (a comment that begins with `# -- `)")


def description_above(lines, line):
    comment = []
    while line and lines[line - 1].strip().startswith("#"):
        line -= 1
        comment.insert(0, lines[line].strip().removeprefix("#").strip())
    text = " ".join(comment)
    return text.removeprefix("-- ") if text.startswith("-- ") else ""


def table(text):
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for path, default, description in rows(text):
        lines.append(
            f"| `{path}` | `{json.dumps(default, ensure_ascii=False)}` | {description.replace('|', chr(92) + '|')} |"
        )
    return "\n".join(lines) + "\n"


def main():
    chart = Path(sys.argv[1])
    readme = chart / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    _, after = rest.split(END)
    wanted = before + BEGIN + table((chart / "values.yaml").read_text()) + END + after
    if "--write" in sys.argv:
        readme.write_text(wanted)
    elif readme.read_text() != wanted:
        sys.exit(f"{readme} is not what values.yaml says: run {sys.argv[0]} {chart} --write")
    print(f"{sum(1 for _ in rows((chart / 'values.yaml').read_text()))} values in the README")


if __name__ == "__main__":
    main()
