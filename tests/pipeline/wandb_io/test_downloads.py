"""Files of artifacts, checked before they are used; what needs no server is tried here."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from wandb.env import get_cache_dir

from housing_sweep.errors import NotFound, Refused
from housing_sweep.pipeline.wandb_io import downloads
from tests.support.fakes import FACTS

CONTENT = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Artifact:
    """A version whose files lie at these addresses; counts how often it is asked."""

    urls: dict[str, str]
    name: str = "data:v0"
    requests: list[list[str]] = field(default_factory=list)

    @property
    def manifest(self) -> SimpleNamespace:
        return SimpleNamespace(entries=dict.fromkeys(self.urls))

    def files(self, names: list[str]) -> Iterator[SimpleNamespace]:
        self.requests.append(names)
        for name in names:
            if name in self.urls:
                yield SimpleNamespace(name=name, direct_url=self.urls[name], size=9)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The SDK's cache, in a folder of this test."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    folder = Path(get_cache_dir()) / "housing-sweep" / "datasets"
    assert folder.is_relative_to(tmp_path)
    return folder


@pytest.mark.parametrize("url", ["file:///etc/passwd", "s3://bucket/x", "wandb-artifact://id/x"])
def test_a_reference_to_a_file_elsewhere_is_refused(url: str, tmp_path: Path) -> None:
    target = tmp_path / "x"
    with pytest.raises(Refused, match="is a reference to"):
        downloads.fetch(Artifact({"x": url}), {"x": target})
    assert not target.exists()


def test_a_copy_here_with_its_hash_is_not_fetched(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f"{SHA256}.csv").write_bytes(CONTENT)
    artifact = Artifact({})
    assert downloads.cached(artifact, "t.csv", SHA256, "datasets").read_bytes() == CONTENT
    assert artifact.requests == []


def test_a_copy_that_was_changed_is_not_used(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / f"{SHA256}.csv").write_bytes(b"changed")
    artifact = Artifact({})
    with pytest.raises(NotFound, match=r"t\.csv is not there, recorded is"):
        downloads.cached(artifact, "t.csv", SHA256, "datasets")
    assert artifact.requests == [["t.csv"]]


def test_an_artifact_without_a_model_is_none_of_ours(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"it has no model\.joblib"):
        downloads.fetch_model(Artifact({}), tmp_path)
    assert downloads.fetch_predictions(Artifact({}), tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff", "3"])
def test_facts_that_are_none_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(text, "latin-1")
    with pytest.raises(Refused, match=r"model\.json"):
        downloads.read_facts(tmp_path / "model.json")


def test_facts_are_read_as_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps(FACTS.document()))
    assert downloads.read_facts(tmp_path / "model.json") == FACTS
    assert downloads.file_sha256(tmp_path / "model.json") == (
        hashlib.sha256((tmp_path / "model.json").read_bytes()).hexdigest()
    )
