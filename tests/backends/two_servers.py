"""Reads from one server and writes to the other, in one process; prints what happened, as JSON.

Run by `test_two_servers.py` with the SDK under test. The environment is the first server's.
"""

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.backends.world import _add
from tests.support.stumbling_proxy import StumblingProxy

PROJECT, RUN = "twins", "same-id"


def seed(url: str | None, key: str | None, word: str) -> None:
    """Log a run of the same id, with a model of the same name, on a server."""
    import wandb

    from housing_sweep.pipeline.wandb_io.connection import Connection

    connection = Connection.open(url, key)
    with connection.run("seed", project=PROJECT, id=RUN, config={"word": word}) as run:
        run.log({"val_rmse": len(word) / 10})
        model = wandb.Artifact("model-x", "model", metadata={"word": word})
        _add(model, {"weights.bin": word.encode() * 1000})
        run.log_artifact(model).wait()


def main() -> None:
    """Do it."""
    import wandb

    from housing_sweep.pipeline.wandb_io import downloads
    from housing_sweep.pipeline.wandb_io.backend import WandbBackend
    from housing_sweep.registry.references import Target

    here, own_key = os.environ["WANDB_BASE_URL"], os.environ["WANDB_API_KEY"]
    there, other_key = sys.argv[1:3]
    seed(None, None, "alpha")
    seed(there, other_key, "omega-two")
    told: dict[str, Any] = {}
    with StumblingProxy(there) as proxy:
        a, b = WandbBackend.connect(), WandbBackend.connect(proxy.url, other_key)
        home_a, home_b = a.connection.entity, b.connection.entity
        told["who"] = [a.promotions.who, b.promotions.who]
        told["runs"] = [
            backend.runs.run(f"{home}/{PROJECT}/{RUN}").config["word"]
            for backend, home in ((a, home_a), (b, home_b), (a, home_a))
        ]
        ids = [
            c.artifact(f"{c.entity}/{PROJECT}/model-x:v0").id for c in (a.connection, b.connection)
        ]
        told["equal ids"] = ids[0] == ids[1]
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch) / "weights.bin"
            source = a.connection.artifact(f"{home_a}/{PROJECT}/model-x:v0")
            told["sha A"] = downloads.fetch(source, {"weights.bin": target})["weights.bin"]
            with b.connection.run("push", entity=home_b, project=PROJECT, job_type="push") as run:
                pushed = wandb.Artifact("pushed", "model")
                pushed.add_file(str(target), name="weights.bin")
                run.log_artifact(pushed).wait()
            copy = b.connection.artifact(f"{home_b}/{PROJECT}/pushed:v0")
            told["sha B"] = downloads.fetch(copy, {"weights.bin": target})["weights.bin"]
            told["bytes"] = hashlib.sha256(b"alpha" * 1000).hexdigest()
        staging, home = Target("staging"), b.registry.home
        version = b.registry.link(home, staging, b.artifacts.model(f"{home_b}/{PROJECT}/pushed:v0"))
        b.registry.move_alias(home, staging, version)
        champions = [x.registry.champion(x.registry.home, staging) for x in (a, b)]
        told["champions"] = [champion.source if champion else None for champion in champions]
        told["artifacts"] = [
            sorted(
                artifact.name
                for artifact in x.connection.api.run(
                    f"{x.connection.entity}/{PROJECT}/{run_id}"
                ).logged_artifacts()
            )
            for x, run_id in ((a, RUN), (b, RUN))
        ]
        told["runs of A"] = len(a.connection.list_runs(f"{home_a}/{PROJECT}", {}, "+created_at", 9))
        marks = (own_key, here, here.removeprefix("http://"), home_a)
        told["of A in B's requests"] = [
            mark for mark in marks if any(mark in request for request in proxy.seen)
        ]
        told["requests"] = len(proxy.seen)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
