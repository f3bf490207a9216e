"""Reads manifests more strictly than most who read them: a key that stands twice is an error, not a choice."""

import yaml


class StrictLoader(yaml.SafeLoader):
    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"{twice} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read(text):
    """The objects of a stream of documents; empty documents are none."""
    return [item for item in yaml.load_all(text, Loader=StrictLoader) if item is not None]


def name_of(item):
    return f"{item['kind']} {item['metadata']['name']}"


def of_kind(objects, kind):
    return [item for item in objects if item["kind"] == kind]


def one(objects, kind, name=None):
    """The only object of a kind, or of a kind and a name."""
    found = [item for item in of_kind(objects, kind) if name in (None, item["metadata"]["name"])]
    assert len(found) == 1, f"{len(found)} of {kind} {name or ''}: {[name_of(item) for item in found]}"
    return found[0]
