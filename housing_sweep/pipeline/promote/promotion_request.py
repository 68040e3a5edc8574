"""What a promotion is asked for."""

from dataclasses import dataclass, field

from housing_sweep.errors import BadInput
from housing_sweep.registry.policy import Guard, Policy
from housing_sweep.search.score import Goal
from housing_sweep.tabular.data_findings import DataPolicy


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """What to promote, where, and under which conditions.

    Attributes:
        sweep: ENTITY/PROJECT/ID, PROJECT/ID, ID or URL; "" to move a version on.
        source: alias (or v3) of the version to move on; "" to take a sweep's best.
        alias: where to.
        metric: key of the score; default the sweep's own, else val_rmse.
        goal: whether a small or a large value of it is good; None where that is known.
        policy: what the challenger must show against the champion.
        strict_best: take the best score even if a lighter model ties with it.
        refit: promote the winner's config fitted on training and validation rows.
        spatial: measure both models where whole regions are held out too.
        dataset: NAME:VERSION that the trials used; "" means the one that the sweep's spec names.
        data: what may be wrong with their table.
        unverified: build nothing again and believe the run, which the record then says.
    """

    sweep: str = ""
    source: str = ""
    alias: str = "staging"
    metric: str | None = None
    goal: Goal | None = None
    policy: Policy = field(default_factory=Policy)
    strict_best: bool = False
    refit: bool = False
    spatial: bool = True
    dataset: str = ""
    data: DataPolicy = field(default_factory=DataPolicy)
    unverified: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            BadInput: both a sweep and a source, or neither; options that need a sweep; a guard over
                what is not measured.
        """
        if bool(self.sweep) == bool(self.source):
            raise BadInput(
                "name a sweep to promote from, or --from ALIAS, one of the two",
                fix="e.g. housing-sweep promote ENTITY/PROJECT/ID --alias staging",
            )
        if self.source and self.source == self.alias:
            raise BadInput(
                f"--from {self.source} --to {self.alias} moves nothing", fix="name another --to"
            )
        if self.source and (self.refit or self.metric or self.goal or self.strict_best):
            raise BadInput(
                "--refit, --metric, --goal and --strict-best choose among the trials of a sweep;"
                " --from takes a version as it is",
                fix="leave them out, or name a sweep",
            )
        if self.policy.guard is Guard.HARD and not self.spatial:
            raise BadInput(
                "the policy guards what `spatial=False` does not measure",
                fix="Policy(guard=Guard.NONE)",
            )
        if self.unverified and self.refit:
            raise BadInput(
                "--unverified builds nothing, --refit builds the winner again",
                fix="leave one of them out",
            )
