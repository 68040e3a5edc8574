"""What was built on this machine is kept by what it was built from."""

import os
import stat
from pathlib import Path

import pytest

from housing_sweep.pipeline.judge import build_cache
from housing_sweep.pipeline.judge.build_cache import BuildCache

INPUTS: dict[str, object] = {"config": {"max_iter": 3}, "table": "a" * 64}


@pytest.fixture
def cache(tmp_path: Path) -> BuildCache:
    return BuildCache(tmp_path / "builds")


def _put(cache: BuildCache, tmp_path: Path, inputs: dict[str, object], value: int = 1) -> None:
    (tmp_path / "rows.npy").write_bytes(b"numbers")
    cache.put(inputs, {"value": value}, {"rows.npy": tmp_path / "rows.npy"})


def test_equal_inputs_give_the_answer_and_its_arrays(cache: BuildCache, tmp_path: Path) -> None:
    assert cache.get(INPUTS) is None
    _put(cache, tmp_path, INPUTS)
    kept = cache.get(dict(reversed(INPUTS.items())))
    assert kept is not None
    answer, folder = kept
    assert answer == {"value": 1}
    assert (folder / "rows.npy").read_bytes() == b"numbers"
    assert cache.get({**INPUTS, "table": "b"}) is None


def test_only_the_owner_reads_it(cache: BuildCache, tmp_path: Path) -> None:
    _put(cache, tmp_path, INPUTS)
    paths = [tmp_path / "builds", *(tmp_path / "builds").rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o700, 0o600}


@pytest.mark.parametrize("which", ["builds", "entry", "facts"])
def test_what_others_may_have_written_is_not_believed(
    cache: BuildCache, tmp_path: Path, which: str
) -> None:
    _put(cache, tmp_path, INPUTS)
    kept = cache.get(INPUTS)
    assert kept is not None
    path = {"builds": tmp_path / "builds", "entry": kept[1], "facts": kept[1] / "facts.json"}[which]
    path.chmod(0o777)
    assert cache.get(INPUTS) is None


def test_a_link_to_somewhere_else_is_not_followed(cache: BuildCache, tmp_path: Path) -> None:
    _put(cache, tmp_path, INPUTS)
    kept = cache.get(INPUTS)
    assert kept is not None
    kept[1].rename(tmp_path / "elsewhere")
    kept[1].symlink_to(tmp_path / "elsewhere")
    assert cache.get(INPUTS) is None


def test_a_broken_entry_is_none(cache: BuildCache, tmp_path: Path) -> None:
    _put(cache, tmp_path, INPUTS)
    kept = cache.get(INPUTS)
    assert kept is not None
    (kept[1] / "facts.json").write_text("{")
    assert cache.get(INPUTS) is None


def test_the_newest_are_kept(
    cache: BuildCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_cache, "MOST_KEPT", 2)
    for number in range(3):
        _put(cache, tmp_path, {"n": number})
        folder = next(p for p in (tmp_path / "builds").iterdir() if p.stat().st_mtime > 1e9)
        os.utime(folder, (number, number))
    assert cache.get({"n": 0}) is None
    assert cache.get({"n": 2}) is not None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = BuildCache(tmp_path / "file" / "builds")
    _put(cache, tmp_path, INPUTS)
    assert cache.get(INPUTS) is None
