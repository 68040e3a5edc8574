"""A file of numbers, texts and arrays: deterministic, and nothing else is read."""

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
import skops.io

from housing_sweep.tabular import skops_file
from housing_sweep.tabular.skops_file import SCHEMA, Unsound, read, read_array, write
from tests.tabular.tampered import members_of, schema_of, with_schema, zipped

VALUE = {
    "text": "a",
    "numbers": (1, -2.5, True, None, []),
    "array": np.arange(6.0).reshape(2, 3),
    "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
}


@pytest.fixture(scope="module")
def content() -> bytes:
    return write(VALUE)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return type(one) is type(other) and bool(one == other)


def test_what_is_written_is_read_by_us_and_by_skops_which_need_trust_nothing(
    content: bytes,
) -> None:
    assert skops.io.get_untrusted_types(data=content) == []
    for value in (read(content), skops.io.loads(content, trusted=[])):
        assert isinstance(value, dict)
        assert all(_same(value[name], VALUE[name]) for name in VALUE)
        assert value["turned"].flags.f_contiguous


def test_equal_values_give_equal_bytes_and_no_address(content: bytes) -> None:
    assert write({**VALUE, "array": np.arange(6.0).reshape(2, 3)}) == content
    assert write(read(content)) == content
    assert sorted(members_of(content)) == ["0.npy", "1.npy", SCHEMA]
    assert b"__id__" not in members_of(content)[SCHEMA]


class _Other:
    pass


@pytest.mark.parametrize(
    "value",
    [_Other(), {"a": np.array([_Other()])}, [print], {1: "a"}, np.float64(1), [float("inf")]],
    ids=["object", "object array", "function", "key", "scalar", "infinite"],
)
def test_other_types_are_not_written(value: object) -> None:
    with pytest.raises(ValueError, match="this cannot be written"):
        write(value)


def test_what_skops_trusts_by_itself_is_not_read() -> None:
    from sklearn.linear_model import LinearRegression

    for value in (LinearRegression(), np.sqrt, np.random.default_rng(0), [slice(1)], np.float64(1)):
        trusted = skops.io.dumps(value, compression=zipfile.ZIP_DEFLATED)
        assert skops.io.get_untrusted_types(data=trusted) == []
        with pytest.raises(Unsound):
            read(trusted)


def _node(loader: str, kind: str, **more: object) -> dict[str, object]:
    module, _, name = kind.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": name, **more}


def _json(text: str) -> dict[str, object]:
    return _node("JsonNode", "builtins.str", content=text, is_json=True)


def _deep(levels: int) -> dict[str, object]:
    node = _json("1")
    for _ in range(levels):
        node = _node("ListNode", "builtins.list", content=[node])
    return node


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (_node("ObjectNode", "os.system", content=_json("1")), "holds a os.system"),
        (_node("FunctionNode", "numpy.load"), "holds a numpy.load"),
        (_node("JsonNode", "os.system", content="1", is_json=True), "holds a os.system"),
        (_node("ListNode", "builtins.list", content=_json("1")), "is not a list"),
        (_node("TypeNode", "builtins.str"), "a type stands where a value should"),
        (_node("NdArrayNode", "numpy.ndarray", type="json", file="0.npy"), "is not there"),
        (_node("NdArrayNode", "numpy.ndarray", type="numpy", file="../a.npy"), "is not there"),
        ({**_json("1"), "__id__": 7}, "more or less than skops writes"),
        (_json("1e999"), "it has a number inf"),
        (_json("NaN"), "it has a number nan"),
        (_json("1" + "0" * 400), "beyond 64 bits"),
        (_json("1" + "0" * 5000), "cannot be read"),
        (_json("[1]"), "JSON of more than one value"),
        (_json("[" * 100_000), "nested too deep"),
        (_deep(30), "nested too deep"),
        ([], "is not of protocol"),
    ],
)
def test_a_schema_that_is_not_ours_is_refused(node: Any, why: str) -> None:
    if isinstance(node, dict):
        node = {**node, "protocol": skops_file.PROTOCOL}
    with pytest.raises(Unsound, match=why):
        read(zipped({SCHEMA: json.dumps(node).encode()}))


def test_a_schema_nested_deeper_than_python_reads_is_refused() -> None:
    with pytest.raises(Unsound, match="nested too deep"):
        read(zipped({SCHEMA: b'{"a":' * 50_000 + b"1" + b"}" * 50_000}))


def test_an_array_may_be_used_once(content: bytes) -> None:
    schema = schema_of(content)
    arrays = schema["content"]
    arrays["turned"] = arrays["array"]
    with pytest.raises(Unsound, match="an array of it is not there"):
        read(with_schema(content, schema))
    del arrays["turned"], schema["key_types"]["content"][0]
    with pytest.raises(Unsound, match="nothing in it needs its"):
        read(with_schema(content, schema))


def test_a_zip_that_is_none_or_not_whole_is_refused(content: bytes) -> None:
    for broken in (b"", b"PK", b"a pickle", content[:-1], content[: len(content) // 2]):
        with pytest.raises(Unsound, match="no sound zip"):
            read(broken)


@pytest.mark.parametrize("name", ["../0.npy", "/0.npy", "0.npy/", "00.npy", "a.npy", "0.pkl"])
def test_a_member_of_another_name_is_refused(content: bytes, name: str) -> None:
    with pytest.raises(Unsound, match="it has a member"):
        read(zipped({**members_of(content), name: b""}))


def test_a_member_that_is_there_twice_is_refused(content: bytes) -> None:
    packed = io.BytesIO(content)
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(SCHEMA, "{}")
    with pytest.raises(Unsound, match="a member twice"):
        read(packed.getvalue())


def test_a_bomb_is_refused_before_it_is_inflated(content: bytes) -> None:
    bomb = zipped({**members_of(content), "9.npy": bytes(1 << 23)})
    assert len(bomb) < 1 << 14
    with pytest.raises(Unsound, match="when inflated"):
        read(bomb)
    with pytest.raises(Unsound, match="are not deflated"):
        read(zipped(members_of(content), zipfile.ZIP_LZMA))


def _npy(array: np.ndarray[Any, Any], *, pickled: bool = False) -> bytes:
    saved = io.BytesIO()
    np.save(saved, array, allow_pickle=pickled)
    return saved.getvalue()


def test_an_array_is_read_without_evaluating_its_header() -> None:
    sound = _npy(np.arange(3.0))
    assert read_array(sound, "0.npy").tolist() == [0.0, 1.0, 2.0]
    for broken, why in (
        (b"", "is no array"),
        (sound[:40], "is no array"),
        (sound[:-1], "other bytes than its shape"),
        (sound.replace(b"(3,)", b"(999999999999,)"), "other bytes|no array"),
        (sound.replace(b"(3,)", b"f(3)"), "has a dtype"),
        (_npy(np.array([None]), pickled=True), "has a dtype"),
        (_npy(np.array(["text"])), "has a dtype"),
        (_npy(np.array([1j])), "has a dtype"),
        (_npy(np.zeros(2, ">f8")), "has a dtype"),
    ):
        with pytest.raises(Unsound, match=why):
            read_array(broken, "0.npy")


def test_a_reason_is_one_short_line_whatever_the_file_says() -> None:
    kind = "\x1b[31m\n" + "x" * 100_000
    with pytest.raises(Unsound) as caught:
        read(zipped({SCHEMA: json.dumps({**_node("ObjectNode", kind), "protocol": 2}).encode()}))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= skops_file.MOST_SAID
