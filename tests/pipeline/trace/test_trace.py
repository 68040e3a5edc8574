"""A model, a run or a dataset, followed both ways."""

from dataclasses import dataclass, replace

import pytest

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.trace.trace import lineage
from housing_sweep.registry.lineage_tree import ArtifactOrigin, Node, RunOrigin
from tests.support.fakes import FACTS, FakeBackend, candidate

DATA = "e/p/california-housing:v0"
REFIT = "e/p/model-b-refit:v0"
BACKEND = FakeBackend([candidate("a", 0.5), candidate("b", 0.4)])


@dataclass
class Reader:
    """Fulfils `ports.Lineage`."""

    artifacts: dict[str, ArtifactOrigin]
    runs: dict[str, RunOrigin]

    def artifact(self, name: str, uses: int = 0) -> ArtifactOrigin:
        if name not in self.artifacts:
            raise NotFound(f"no artifact {name}")
        return replace(self.artifacts[name], used_by=self.artifacts[name].used_by[:uses])

    def run(self, path: str) -> RunOrigin:
        if path not in self.runs:
            raise NotFound(f"no run {path}")
        return self.runs[path]


def _model(name: str, run: str, refit_of: str = "") -> ArtifactOrigin:
    facts = replace(FACTS, refit_of=refit_of)
    return ArtifactOrigin("model", name, "digest", model=facts, made_by=run)


def _run(name: str, value: float, model: str, job_type: str = "trial") -> RunOrigin:
    return RunOrigin(
        path=f"e/p/{name}",
        name=name,
        state="finished",
        job_type=job_type,
        user="ada",
        created_at=name,
        commit="",
        value=value,
        inputs=(DATA,),
        outputs=(model,),
    )


@pytest.fixture
def reader() -> Reader:
    """Two trials of one dataset, and a promotion that used it too and refitted the better one."""
    runs = {
        "e/p/a": _run("a", 0.5, "e/p/model-a:v0"),
        "e/p/b": _run("b", 0.4, "e/p/model-b:v0"),
        "e/p/p": _run("p", 0.0, REFIT, "promote"),
    }
    artifacts = {
        "e/p/model-a:v0": _model("e/p/model-a:v0", "e/p/a"),
        "e/p/model-b:v0": _model("e/p/model-b:v0", "e/p/b"),
        REFIT: _model(REFIT, "e/p/p", refit_of="e/p/model-b:v0"),
        DATA: ArtifactOrigin("dataset", DATA, "digest", used_by=tuple(runs)),
    }
    return Reader(artifacts, runs)


def _names(node: Node) -> list[str]:
    return [node.name, *(name for child in node.children for name in _names(child))]


def test_the_models_of_a_dataset_stand_best_first_and_a_promotion_made_none(
    reader: Reader,
) -> None:
    root = lineage(BACKEND, reader, DATA)
    assert (root.kind, root.name) == ("dataset", DATA)
    assert [child.name for child in root.children] == ["e/p/model-b:v0", "e/p/model-a:v0"]


def test_only_so_many_runs_of_a_dataset_are_looked_at(reader: Reader) -> None:
    root = lineage(BACKEND, reader, DATA, 1)
    assert [child.name for child in root.children] == ["e/p/model-a:v0"]


def test_a_refit_leads_to_the_model_whose_config_it_has(reader: Reader) -> None:
    root = lineage(BACKEND, reader, REFIT)
    assert root.name == REFIT
    assert {"e/p/model-b:v0", DATA} < set(_names(root))


def test_a_run_without_a_model_is_shown_alone(reader: Reader) -> None:
    root = lineage(replace(BACKEND, without_model=frozenset({"a"})), reader, "e/p/a")
    assert (root.kind, root.name) == ("run", "e/p/a")


@pytest.mark.parametrize("reference", ["nobody", "registry:production", "e/p/nothing:v0"])
def test_what_is_not_there_is_not_found(reference: str, reader: Reader) -> None:
    with pytest.raises(NotFound):
        lineage(BACKEND, reader, reference)
