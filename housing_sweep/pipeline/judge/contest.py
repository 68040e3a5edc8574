"""What a model is worth: proved, tied, refitted, and set against the champion. Start reading here.

No file of an artifact is loaded here unless its SHA-256 is that of a file that this machine built.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from housing_sweep.errors import HousingSweepError, NotFound, Refused, Unavailable, plain
from housing_sweep.pipeline.judge.build_cache import BuildCache
from housing_sweep.pipeline.judge.builder import Builder, Request
from housing_sweep.pipeline.judge.compare import (
    BASELINE,
    Entrant,
    baseline,
    compare,
    foreseeable,
    overlap,
    rows_of,
    table_of,
    within_noise,
)
from housing_sweep.pipeline.judge.fresh_process import ChildFailed, Children
from housing_sweep.pipeline.judge.prove import Looked, Proved, Prover, facts_of, refit_request
from housing_sweep.pipeline.ports import Backend
from housing_sweep.pipeline.values import Expectation, FetchedDataset, FetchedModel, OwnModel, Say
from housing_sweep.pipeline.wandb_io.downloads import cache_folder
from housing_sweep.registry.findings import DataFinding, Findings
from housing_sweep.registry.model_facts import DatasetUse, ModelFacts
from housing_sweep.registry.policy import Comparison, NoComparison
from housing_sweep.registry.promotion import Version
from housing_sweep.registry.proof import Expected, Proof
from housing_sweep.registry.references import MODEL_FILE, PREDICTIONS_FILE, SAFE_MODEL_FILE
from housing_sweep.registry.selection import Candidate, Model, Ranked, Winner, lightest
from housing_sweep.search.score import Score, finite

if TYPE_CHECKING:
    from housing_sweep.tabular.arrays import Floats


class ModelJudge:
    """Judges models by building them again; fulfils `ports.Judge`. Use it in a `with` block."""

    def __init__(self, backend: Backend, say: Say, children: Children | None = None) -> None:
        self._backend, self._say = backend, say
        self._builder = Builder(BuildCache(cache_folder() / "builds"), say, children)
        self._prover = Prover(backend.runs, backend.artifacts, self._builder, say)
        self._claimed: dict[str, Floats | None] = {}
        self._opponents: Prover | None = None
        self._champions: dict[str, Entrant | HousingSweepError] = {}
        self._data: Future[dict[str, object]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._builder.close()

    def expect(self, expectation: Callable[[], Expectation]) -> None:
        """Hold every trial against what its sweep's spec says, read when it is needed first."""
        self._prover.expectation = expectation

    def foresee(
        self,
        rows: Sequence[Candidate],
        score: Score,
        champion: Version | None,
        policy: Mapping[str, object],
        *,
        ties: bool,
        spatial: bool,
    ) -> None:
        """Begin to build what will probably be asked for, best first; nothing is decided.

        The leader by what runs log, whoever ties with it and is lighter, that one where places are
        held out, and the champion: beside each other they take the time of the longest.
        """
        prover = self._prover
        leader = _first_plausible(prover, rows)
        if leader is None:
            return
        candidate, looked = leader
        dataset = prover.expected_dataset()
        self._begin(looked, candidate, dataset)
        winner = self._lightest(candidate, looked, rows, score) if ties else None
        if winner is not None:
            candidate, looked = winner
            self._begin(looked, candidate, dataset)
        request = prover.request(looked, dataset)
        self._data = self._builder.examine_data(dataset, request.config, policy)
        seconds = candidate.summary.get("fit_seconds")
        opponent = self._foreseen(champion) if champion else baseline(request)
        for needed in foreseeable(request, opponent, hard=spatial):
            self._builder.begin(replace(needed, expected_seconds=finite(seconds) or 0.0))

    def _foreseen(self, champion: Version) -> Request | None:
        """Return what will prove a champion, if it is a trial's model; nothing is believed."""
        artifacts = self._backend.artifacts
        try:
            looked = self._champion_prover().look(artifacts.model(champion.source))
            if isinstance(looked, str) or looked.files.facts.refit_of:
                return None
            dataset = artifacts.fetch_dataset(looked.files.facts.dataset)
        except (NotFound, Refused):
            return None
        return self._prover.request(looked, dataset)

    def examine(self, candidate: Candidate, score: Score) -> Model | str:
        """Return a run's model, proved, or why it is rejected."""
        return self._prover.examine(candidate, score)

    def examine_version(self, model: Model) -> str:
        """Return why a model that stands for itself is rejected, or ""."""
        proved = self._prover.version(model)
        return "" if isinstance(proved, Proved) else f"rejected: {plain(proved)}"

    def proof_of(self, model: Model) -> Proof:
        """Return the proof of a model that was not rejected."""
        return self._prover.get(model).proof

    def made_elsewhere(self, candidate: Candidate) -> bool:
        """Return whether a run says that another environment than this one made its model."""
        return self._prover.made_elsewhere(candidate)

    def ties(self, leader: Winner, row: Ranked) -> bool:
        """Return whether a score is within noise of the best: one SE of their difference.

        Paired, on the validation predictions that each trial saved. The standard error of the best
        score alone is three times as large: measured on three splits of the real data, 67 of 81
        trials tied by it, and the lightest of them lost 0.007 of test RMSE; by the paired one 14 of
        81 tied, and it lost 0.003 at half the size.
        """
        if leader.score is None or row.score is None:
            return False
        proved = self._prover.get(leader.model)
        if row.candidate.summary.get("split_fingerprint") != proved.facts.split_fingerprint:
            return False
        table = table_of(proved.dataset, proved.request.config)
        best = rows_of(self._builder.build(proved.request))[table.split.validation]
        other = self._claimed_by(row.candidate)
        return within_noise(table, best, other, row.score - leader.score)

    def findings(
        self, model: Model, champion: Version | None, policy: Mapping[str, object]
    ) -> Findings:
        """Return what is wrong with the data of a proved model, by a policy of its own.

        Against a champion of other data, also which of its test rows the model was fitted on.
        """
        proved = self._prover.get(model)
        if self._data is None:
            config = proved.request.config
            self._data = self._builder.examine_data(proved.dataset, config, policy)
        answer = self._data.result().get("findings")
        documents = list(answer) if isinstance(answer, list) else []
        try:
            entrant = self._champion(champion) if champion else None
        except (NotFound, Refused):
            entrant = None  # told when it is compared
        if entrant is not None:
            documents += overlap(proved.request, entrant.request)
        return tuple(DataFinding.parse(one) for one in documents)

    def own(self, model: Model, *, refit: bool) -> OwnModel:
        """Return a proved model as it was built here; or its config fitted on more rows."""
        from housing_sweep.pipeline.train import model_files

        proved = self._prover.get(model)
        request = _request(proved, refit=refit)
        build = self._builder.build(request)
        if build.folder is None:  # known from another time
            self._say(f"building {request.note} with its files")
            build = self._builder.build(request, files=True)
        assert build.folder is not None
        facts = self._own_facts(proved, refit=refit)
        model_files.write_facts(build.folder, facts.document())
        files = FetchedModel(
            build.folder / MODEL_FILE,
            facts.model_sha256,
            facts,
            build.folder / PREDICTIONS_FILE,
            build.folder / SAFE_MODEL_FILE,
            facts.skops_sha256,
        )
        return OwnModel(model, "refit" if refit else "rebuilt", files, proved.dataset)

    def same_bits(self, model: Model, version: Version, *, refit: bool) -> bool:
        """Return whether a version of the registry holds the bits that `own` would give."""
        artifacts = self._backend.artifacts
        try:
            files = artifacts.fetch_model(artifacts.model(version.source), self._builder.folder())
        except (NotFound, Refused):
            return False
        facts = self._own_facts(self._prover.get(model), refit=refit)
        hashes = (files.sha256, files.safe_sha256)
        return hashes == (facts.model_sha256, facts.skops_sha256) and files.facts == facts

    def _own_facts(self, proved: Proved, *, refit: bool) -> ModelFacts:
        name = proved.looked.model.name
        if not refit:
            return replace(proved.facts, rebuilt_of=name)
        request = refit_request(proved)
        facts = facts_of(self._builder.build(request).answer, request)
        # Its own errors on rows it has seen say nothing: the winner's interval stays.
        return replace(facts, refit_of=name, interval90=proved.facts.interval90)

    def contest(
        self, model: Model, champion: Version | None, *, refit: bool, spatial: bool
    ) -> Comparison | NoComparison:
        """Return how a model does against the holder of an alias.

        A champion that cannot be proved is none: our default forest stands in for it, as it does
        where nothing holds the alias, and the comparison says so.

        Args:
            model: proved.
            champion: None: our default forest stands in, fitted now.
            refit: its config on training and validation rows takes part, not itself.
            spatial: also fit both configs where what is really new is held out.
        """
        proved = self._prover.get(model)
        name = f"the refit of {model.name}" if refit else model.name
        challenger = Entrant(name, _request(proved, refit=refit))
        other, note = None, ""
        if champion is not None:
            try:
                other = self._champion(champion)
            except (NotFound, Refused) as error:
                note = f"the champion {champion.name} cannot be proved: {plain(error.what)}"
                self._say(f"{note}; the baseline stands in")
        self._say(f"comparing {name} with {other.name if other else BASELINE} on the test rows")
        try:
            return compare(self._builder, challenger, other, note, hard=spatial)
        except ChildFailed as error:
            return NoComparison(error.what)

    def _champion(self, version: Version) -> Entrant:
        """Return the holder of an alias, proved once, with the data that it names itself.

        What it was trained on decides which test rows are new to it, and nothing else.

        Raises:
            Refused: it is not what it says, or not ours.
            NotFound: it or its dataset is gone.
        """
        if version.source not in self._champions:
            try:
                self._champions[version.source] = self._prove_champion(version)
            except (NotFound, Refused) as error:
                self._champions[version.source] = error
        known = self._champions[version.source]
        if isinstance(known, HousingSweepError):
            raise known
        return known

    def _prove_champion(self, version: Version) -> Entrant:
        artifacts, prover = self._backend.artifacts, self._champion_prover()
        model = artifacts.model(version.source)
        looked = prover.look(model)
        if isinstance(looked, str):
            raise Refused(looked)
        facts = looked.files.facts
        dataset = artifacts.fetch_dataset(facts.dataset)
        use = DatasetUse(dataset.path, dataset.digest, dataset.source)
        prover.expectation = lambda: Expectation(Expected(use), dataset)
        proved = prover.version(model)
        if isinstance(proved, str):
            raise Refused(proved)
        return Entrant(version.name, proved.request)

    def _champion_prover(self) -> Prover:
        """Return what proves the champion, once: its own data counts, not the sweep's."""
        if self._opponents is None:
            backend = self._backend
            self._opponents = Prover(backend.runs, backend.artifacts, self._builder, self._say)
        return self._opponents

    def _begin(self, looked: Looked, candidate: Candidate, dataset: FetchedDataset) -> None:
        seconds = candidate.summary.get("fit_seconds")
        self._builder.begin(self._prover.request(looked, dataset, seconds))

    def _lightest(
        self, leader: Candidate, looked: Looked, rows: Sequence[Candidate], score: Score
    ) -> tuple[Candidate, Looked] | None:
        """Return the lightest trial that ties with the leader if all of it is true."""
        value, best = score.read(leader.summary), self._claimed_by(leader)
        if value is None or best is None:
            return None
        table = table_of(self._prover.expected_dataset(), looked.config.as_dict())
        tied = []
        for row in rows:
            mine = score.read(row.summary)
            if row.id == leader.id or mine is None or mine < value:
                continue
            if within_noise(table, best, self._claimed_by(row), mine - value):
                tied.append(Ranked(row, mine))
        order = sorted(
            [*tied, Ranked(leader, value)],
            key=lambda row: (self.made_elsewhere(row.candidate), lightest(row)),
        )
        return _first_plausible(self._prover, [ranked.candidate for ranked in order])

    def _claimed_by(self, candidate: Candidate) -> "Floats | None":
        """Return what a trial says that its model predicts for the validation rows."""
        if candidate.id not in self._claimed:
            self._claimed[candidate.id] = self._read_claim(candidate)
        return self._claimed[candidate.id]

    def _read_claim(self, candidate: Candidate) -> "Floats | None":
        from housing_sweep.tabular.arrays import read_floats

        model = self._prover.model_of(candidate)
        try:
            path = model and self._backend.artifacts.fetch_predictions(
                model, self._builder.folder()
            )
            return read_floats(path.read_bytes(), "predictions.npy") if path else None
        except Unavailable:
            raise
        except HousingSweepError:
            return None


def _request(proved: Proved, *, refit: bool) -> Request:
    return refit_request(proved) if refit else proved.request


def _first_plausible(prover: Prover, rows: Sequence[Candidate]) -> tuple[Candidate, Looked] | None:
    for row in rows:
        looked = prover.plausible(row)
        if looked is not None:
            return row, looked
    return None
