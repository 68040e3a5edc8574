"""Model files taken apart, changed, and zipped again as soundly as a stranger would."""

import io
import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from housing_sweep.tabular import model_file, refit
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.skops_file import SCHEMA
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig
from tests.tabular.flats import FLATS, flats

FRAME = flats(120)
MODELS = ("hist_gradient_boosting", "random_forest", "extra_trees")
LENGTH = {"hist_gradient_boosting": "max_iter"}
TREES = 4


@cache
def model_of(family: str) -> TabularModel:
    """Return a small fitted model of flats."""
    raw = {"model": family, "min_samples_leaf": 5, LENGTH.get(family, "n_estimators"): TREES}
    config = TrialConfig.from_sweep(raw, FLATS)
    split = make_split(FLATS, FRAME, "random", 0)
    return refit.refit(FLATS, config, FRAME, split, TREES).model


@cache
def file_of(family: str) -> bytes:
    return model_file.dump(model_of(family))


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def schema_of(content: bytes) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(members_of(content)[SCHEMA])
    return schema


def with_schema(content: bytes, schema: object) -> bytes:
    return zipped({**members_of(content), SCHEMA: json.dumps(schema).encode()})


def estimator_in(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the nodes of the estimator's parts, by name."""
    parts: dict[str, Any] = schema["content"]["estimator"]["content"]
    return parts


def with_array(content: bytes, part: str, change: Any) -> bytes:
    """Return a file where one array of the estimator was changed; `change` returns the new one."""
    members = members_of(content)
    name = estimator_in(schema_of(content))[part]["file"]
    changed = io.BytesIO()
    before = np.load(io.BytesIO(members[name])).copy()
    np.save(changed, change(before), allow_pickle=False)
    return zipped({**members, name: changed.getvalue()})


EXTREME = ("null", "true", "-1", "0", "1", '"x"', "1e999", "NaN", "[]", "{}", "2147483648", "-2.5")
WHOLE = (0, 1, -1, 2, 255, 2**31, -(2**31), 2**63 - 1, -(2**63))
REAL = (0.0, -1.0, 1e308, -1e308, float("nan"), float("inf"), 5e-324)


def mutations(content: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield so many changed files, and what was done to each; equal seeds, equal files."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        kind = rng.choice(["field", "field", "field", "schema", "schema", "bytes", "cut", "header"])
        yield str(kind), _CHANGES[str(kind)](content, rng)


def _in_array(content: bytes, rng: np.random.Generator) -> bytes:
    members = members_of(content)
    name = str(rng.choice([name for name in members if name != SCHEMA]))
    raw = bytearray(members[name])
    start = 10 + int.from_bytes(raw[8:10], "little")
    for _ in range(int(rng.integers(1, 4))):
        width = int(rng.choice([1, 4, 8]))
        if len(raw) < start + width:
            continue
        at = int(rng.integers(start, len(raw) - width + 1))
        value = struct.pack("<q", int(rng.choice(WHOLE)))[:width]
        real = rng.random() < 0.4 and width == 8
        raw[at : at + width] = struct.pack("<d", float(rng.choice(REAL))) if real else value
    return zipped({**members, name: bytes(raw)})


def _in_schema(content: bytes, rng: np.random.Generator) -> bytes:
    schema = schema_of(content)
    nodes = list(_nodes(schema))
    node, other = (nodes[int(rng.integers(len(nodes)))] for _ in range(2))
    match int(rng.integers(5)):
        case 0 if "is_json" in node:
            node["content"] = str(rng.choice([*EXTREME, "9" * 400, "[" * 5000]))
        case 1:
            del node[sorted(node)[int(rng.integers(len(node)))]]
        case 2:
            node["__loader__"], node["__class__"] = other["__loader__"], other["__class__"]
        case 3 if isinstance(node.get("content"), dict) and node["content"]:
            name = sorted(node["content"])[int(rng.integers(len(node["content"])))]
            node["content"][name] = json.loads(json.dumps(other))
        case _:
            node["content"] = json.loads(str(rng.choice([e for e in EXTREME if e != "NaN"])))
    return with_schema(content, schema)


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "__loader__" in schema:
            yield schema
        for item in schema.values():
            yield from _nodes(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from _nodes(item)


def _in_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    raw = bytearray(content)
    for at in rng.integers(0, len(raw), 3):
        raw[at] = int(rng.integers(256))
    return bytes(raw)


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content)))]


def _in_header(content: bytes, rng: np.random.Generator) -> bytes:
    members = members_of(content)
    name = str(rng.choice([name for name in members if name != SCHEMA]))
    texts = [
        (b"(", b"(9"),
        (b"<f8", b"<i8"),
        (b"<i8", b"|O8"),
        (b"False", b"True "),
        (b"f8", b"f4"),
    ]
    before, after = texts[int(rng.integers(len(texts)))]
    return zipped({**members, name: members[name].replace(before, after, 1)})


_CHANGES = {
    "field": _in_array,
    "schema": _in_schema,
    "bytes": _in_bytes,
    "cut": _cut,
    "header": _in_header,
}
