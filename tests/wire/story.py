"""A short story that uses most of the SDK; recorded by `scripts/record_wire.py`."""

import os
import tempfile
from pathlib import Path

os.environ |= {
    "WANDB_CONSOLE": "off",
    "WANDB_DISABLE_CODE": "true",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_HOST": "a-host",
    "WANDB_PROGRAM": "story.py",
    "WANDB_SILENT": "true",
    "WANDB_X_DISABLE_META": "true",
    "WANDB_X_DISABLE_STATS": "true",
    "WANDB_X_SAVE_REQUIREMENTS": "false",
}

import wandb

FILE = Path(tempfile.mkdtemp()) / "data.csv"
FILE.write_text("a,b\n1,2\n")
PROJECT = "story"


def logged() -> str:
    """Log a run with all kinds of things, and an artifact; return the run's path."""
    with wandb.init(project=PROJECT, name="first", config={"lr": 0.1}, tags=["one"]) as run:
        run.define_metric("loss", summary="min")
        for step in range(5):
            run.log({"loss": 1.0 / (step + 1), "step": step})
        run.log({"table": wandb.Table(columns=["a"], data=[[1], [2]])})
        run.log({"histogram": wandb.Histogram([1, 2, 3])})
        run.summary["note"] = "done"
        run.save(str(FILE), base_path=str(FILE.parent), policy="now")
        run.alert("done", "it went well")
        artifact = wandb.Artifact("data", "dataset", metadata={"rows": 1})
        artifact.add_file(str(FILE))
        run.log_artifact(artifact, aliases=["best"]).wait()
        path = f"{run.entity}/{run.project}/{run.id}"
    with wandb.init(project=PROJECT, id=path.rsplit("/", 1)[1], resume="must") as run:
        run.log({"loss": 0.1})
    return path


def swept() -> str:
    """Run a sweep of two trials with models; return its id."""
    sweep = wandb.sweep(
        {
            "method": "grid",
            "metric": {"name": "score", "goal": "minimize"},
            "parameters": {"x": {"values": [1, 2]}},
        },
        project=PROJECT,
    )

    def trial() -> None:
        with wandb.init() as run:
            run.use_artifact("data:latest").download()
            run.log({"score": run.config["x"]})
            model = wandb.Artifact(f"model-{run.id}", "model")
            with model.new_file("model.txt") as file:
                file.write(str(run.config["x"]))
            run.log_artifact(model)

    wandb.agent(sweep, trial, project=PROJECT)
    return str(sweep)


def read_back(path: str, sweep: str) -> None:
    """Read everything through the public API, link the best model, and delete the first run."""
    api = wandb.Api()
    run = api.run(path)
    list(run.scan_history())
    run.history(samples=3, pandas=False)
    for file in run.files():
        file.url  # noqa: B018
    run.tags.append("two")
    run.update()
    len(api.runs(PROJECT, {"config.lr": 0.1}, order="-summary_metrics.loss"))
    best = api.sweep(f"{PROJECT}/{sweep}").best_run()  # type: ignore[no-untyped-call]
    [model] = best.logged_artifacts()
    with wandb.init(project=PROJECT, job_type="promote") as promotion:
        promotion.link_artifact(
            promotion.use_artifact(model), "wandb-registry-model/story", aliases=["staging"]
        )
    linked = api.artifact("wandb-registry-model/story:staging")
    linked.download()
    linked.aliases.append("production")
    linked.save()
    for version in api.artifacts("dataset", f"{PROJECT}/data"):
        version.logged_by()
        version.used_by()
    run.delete()


if __name__ == "__main__":
    path = logged()
    read_back(path, swept())
