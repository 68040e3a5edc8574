"""A skops file of numbers, texts and arrays alone, whose bytes follow from its content.

A skops file is a zip: `schema.json`, a tree of nodes that name their types, and arrays beside it.
skops writes it, and reads it without being told to trust anything. It trusts more than is here,
though: every estimator of scikit-learn, functions of numpy and scipy. So what others wrote is read
here, against `TYPES`, a list that no file widens.

A file of ours has nothing twice: `write` leaves out the ids by which nodes refer to each other,
`read` refuses them. So what is read is no bigger than what was inflated, and has no circle.
"""

import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.lib.recfunctions import repack_fields

PROTOCOL = 2
"""Of the files that skops 0.16 writes."""

SCHEMA = "schema.json"
DEEPEST = 24
"""Nodes inside each other; a model with neighbours has 5."""

MOST_TIMES, MOST_MORE = 50, 1 << 20
"""Bytes that a file may have inflated: so many times its own, and so many more. Measured: 2 to 10
times; deflate can do 1,032."""

MOST_SAID = 200
"""Characters of a reason: parts of it are the file's own words."""

LEVEL = 3
_DATE = (1980, 1, 1, 0, 0, 0)
_ARRAY_NAME = re.compile(r"(0|[1-9]\d{0,8})\.npy")
_SHAPE = re.compile(r"\((?:\d{1,12},|\d{1,12}(?:, \d{1,12})*)?\)")

TYPES: Mapping[str, tuple[str, ...]] = {
    "DictNode": ("builtins.dict",),
    "ListNode": ("builtins.list",),
    "TupleNode": ("builtins.tuple",),
    "JsonNode": ("builtins.str",),  # what skops writes for any text, number, truth or None
    "TypeNode": ("builtins.str",),  # of a mapping's keys
    "NdArrayNode": ("numpy.ndarray",),
}
"""Loader of skops -> the types that it may build: all that a file of ours can hold."""

_KEYS: Mapping[str, set[str]] = {
    "DictNode": {"content", "key_types"},
    "ListNode": {"content"},
    "TupleNode": {"content"},
    "JsonNode": {"content", "is_json"},
    "TypeNode": set(),
    "NdArrayNode": {"file", "type"},
}
_NAMES = {"__class__", "__module__", "__loader__"}


class Unsound(Exception):
    """A file is not one of ours; its text says why, in one short line whatever the file says."""

    def __init__(self, why: str) -> None:
        super().__init__("".join(c if c.isprintable() else "?" for c in why[:MOST_SAID]))


def write(value: object) -> bytes:
    """Return the file of a value of `TYPES`; equal values, equal bytes, in every process.

    skops writes addresses and the time of day; here arrays are numbered as they appear, and dates
    are one.

    Raises:
        ValueError: it holds something of another type.
    """
    import skops.io

    drafted = zipfile.ZipFile(io.BytesIO(skops.io.dumps(value)))
    schema: dict[str, Any] = json.loads(drafted.read(SCHEMA))
    members: dict[str, bytes] = {}
    del schema["_skops_version"]
    for node in _nodes(schema):
        node.pop("__id__", None)
        if node.get("__loader__") == "NdArrayNode" and "file" in node:
            name = f"{len(members)}.npy"
            members[name] = drafted.read(node["file"])
            node["file"] = name
    text = json.dumps(schema, sort_keys=True, separators=(",", ":"), allow_nan=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in {SCHEMA: text.encode(), **members}.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3  # else it tells Windows
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, LEVEL)
    written = packed.getvalue()
    try:
        read(written)
    except Unsound as error:
        raise ValueError(f"this cannot be written: {error}") from None
    return written


def _nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every mapping in a schema, as they stand when sorted: the order of their numbers."""
    yield schema
    for name in sorted(schema):
        inner = schema[name]
        for item in inner if isinstance(inner, list) else (inner,):
            if isinstance(item, dict):
                yield from _nodes(item)


def read(content: bytes) -> object:
    """Return what a file holds: mappings, lists, tuples, texts, numbers and arrays.

    Raises:
        Unsound: it is not a file of `TYPES` alone.
    """
    members = _members(content)
    try:
        schema = json.loads(members.pop(SCHEMA).decode("utf-8"))
        if not isinstance(schema, dict) or schema.pop("protocol", None) != PROTOCOL:
            raise Unsound(f"it is not of protocol {PROTOCOL}")
        reader = _Reader(members)
        value = reader.value(schema, 0)
    except RecursionError:
        raise Unsound("it is nested too deep") from None
    except ValueError as error:  # no UTF-8, no JSON, a number of more digits than Python reads
        raise Unsound(f"{SCHEMA} cannot be read: {error}") from None
    if members:
        raise Unsound(f"nothing in it needs its {min(members)}")
    return value


def _members(content: bytes) -> dict[str, bytes]:
    """Return the zip's members, inflated, after their names and sizes were looked at."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            strange = [n for n in names if n != SCHEMA and not _ARRAY_NAME.fullmatch(n)]
            if strange:
                raise Unsound(f"it has a member {strange[0]!r}")
            if SCHEMA not in names or len(names) != len(set(names)):
                raise Unsound(f"it has no {SCHEMA}, or a member twice")
            if any(entry.compress_type != zipfile.ZIP_DEFLATED for entry in entries):
                raise Unsound("its members are not deflated")
            inflated = sum(entry.file_size for entry in entries)
            if inflated > MOST_TIMES * len(content) + MOST_MORE:
                raise Unsound(f"its {len(content)} bytes claim to be {inflated} when inflated")
            return {name: archive.read(name) for name in names}
    # zipfile raises NotImplementedError or RuntimeError for what it cannot do, such as passwords.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise Unsound(f"it is no sound zip: {error}") from None


class _Reader:
    """Reads nodes, and takes each array for one of them."""

    def __init__(self, members: dict[str, bytes]) -> None:
        self._members = members

    def value(self, node: object, depth: int) -> Any:
        """Return what a node says."""
        if depth > DEEPEST:
            raise Unsound("it is nested too deep")
        if not isinstance(node, dict):
            raise Unsound("a node of it is not an object")
        loader = _loader_of(node)
        inner = depth + 1
        if loader == "JsonNode":
            return _scalar(node)
        if loader == "NdArrayNode":
            return self._array(node)
        if loader == "TypeNode":
            raise Unsound("a type stands where a value should")
        content = node["content"]
        if loader == "DictNode":
            return self._mapping(node, inner)
        if not isinstance(content, list):
            raise Unsound("a sequence of it is not a list")
        items = [self.value(item, inner) for item in content]
        return tuple(items) if loader == "TupleNode" else items

    def _mapping(self, node: Mapping[str, Any], depth: int) -> dict[str, Any]:
        content, key_types = node["content"], node["key_types"]
        if not isinstance(content, dict) or not isinstance(key_types, dict):
            raise Unsound("a mapping of it has no keys")
        loader = _loader_of(key_types)
        keys = key_types["content"] if loader == "ListNode" else None
        if not isinstance(keys, list) or len(keys) != len(content):
            raise Unsound("a mapping of it has other keys than it says")
        for key in keys:
            if not isinstance(key, dict) or _loader_of(key) != "TypeNode":
                raise Unsound("a mapping of it has keys that are no text")
        return {name: self.value(item, depth) for name, item in content.items()}

    def _array(self, node: Mapping[str, Any]) -> np.ndarray[Any, Any]:
        name = node["file"]
        if node["type"] != "numpy" or not isinstance(name, str) or name not in self._members:
            raise Unsound("an array of it is not there")
        return read_array(self._members.pop(name), name)


def _loader_of(node: Mapping[str, Any]) -> str:
    """Return a node's loader, if that and its type are of the closed list and nothing is added."""
    loader, kind = node.get("__loader__"), f"{node.get('__module__')}.{node.get('__class__')}"
    if not isinstance(loader, str) or kind not in TYPES.get(loader, ()):
        raise Unsound(f"it holds a {kind}, read by {loader}")
    if node.keys() != _NAMES | _KEYS[loader]:
        raise Unsound(f"a {loader} of it says more or less than skops writes")
    return loader


def _scalar(node: Mapping[str, Any]) -> str | int | float | bool | None:
    text = node["content"]
    if not isinstance(text, str) or node["is_json"] is not True:
        raise Unsound("a value of it is not JSON")
    value = json.loads(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise Unsound(f"it has a number {value}")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Unsound("it has a whole number beyond 64 bits")
    if value is None or isinstance(value, str | int | float):
        return value
    raise Unsound("a value of it is JSON of more than one value")


def read_array(content: bytes, name: str) -> np.ndarray[Any, Any]:
    """Return the array of a .npy file of one of the dtypes that a model has.

    Its header is compared with what numpy writes, never evaluated.

    Raises:
        Unsound: it has another dtype, or other bytes than its shape needs.
    """
    start = 10
    length = int.from_bytes(content[8:start], "little")
    header = content[start : start + length].decode("latin-1")
    if content[:8] != b"\x93NUMPY\x01\x00" or len(header) < length:
        raise Unsound(f"{name} is no array")
    for dtype in _dtypes():
        said = repr(np.lib.format.dtype_to_descr(dtype))
        for order in ("C", "F"):
            before = f"{{'descr': {said}, 'fortran_order': {order == 'F'}, 'shape': "
            shape, rest = header[len(before) :].partition(", }")[::2]
            if not header.startswith(before) or rest.strip() or not _SHAPE.fullmatch(shape):
                continue
            sizes = [int(size) for size in re.findall(r"\d+", shape)]
            if math.prod(sizes) * dtype.itemsize != len(content) - start - length:
                raise Unsound(f"{name} has other bytes than its shape {shape} needs")
            flat = np.frombuffer(content, dtype, offset=start + length)
            return flat.reshape(sizes, order="F" if order == "F" else "C")
    raise Unsound(f"{name} has a dtype that no model has")


def _dtypes() -> list[np.dtype[Any]]:
    """Return the dtypes of a model's arrays: numbers, and nodes of trees, without gaps."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
    from sklearn.tree._tree import NODE_DTYPE

    nodes = (PREDICTOR_RECORD_DTYPE, repack_fields(NODE_DTYPE))
    numbers = (np.float64, np.float32, np.int64, np.int32, np.uint32, np.uint8)
    return [*nodes, *map(np.dtype, numbers)]


def is_array(value: object, dtype: np.dtype[Any], dimensions: int) -> bool:
    """Whether a value is an array of this very dtype and so many dimensions."""
    return isinstance(value, np.ndarray) and value.dtype == dtype and value.ndim == dimensions
