"""`housing-sweep server` and `housing-sweep env`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from housing_sweep.errors import Damaged, NotSupported

if TYPE_CHECKING:
    from housing_sweep.server.services.config import ServerConfig


def data_dir_option(command: Any) -> Any:
    """Add `--data-dir` to a command; its value is a `Path`."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="HOUSING_SWEEP_DATA_DIR",
        show_envvar=True,
        default=default_data_dir,
        help="Folder of the database and the files.  [default: the user's data folder]",
    )(command)


def default_data_dir() -> Path:
    """Return the folder a server uses unless told otherwise."""
    import platformdirs

    return Path(platformdirs.user_data_dir("housing-sweep"))


def server_config(**settings: Any) -> "ServerConfig":
    """Return a server's configuration.

    Raises:
        NotSupported: the server's dependencies are not installed here.
    """
    try:
        import graphql  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as missing:
        raise NotSupported(
            f"the local server needs {missing.name}, which is not installed",
            fix="pip install 'housing-sweep[server]'",
        ) from None
    from housing_sweep.server.services.config import ServerConfig

    return ServerConfig(**settings)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--trials-per-agent",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Trials that one `wandb agent` runs at once.",
)
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Times that a failed or crashed trial of a sweep is tried again.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Start nothing: examine the data folder, whether a server runs on it or not.",
)
@data_dir_option
def server(
    host: str, port: int, trials_per_agent: int, retries: int, check: bool, data_dir: Path
) -> None:
    """Run the local W&B server until Ctrl-C.

    The first start creates the data folder, a user named after you, and an API key, which is
    printed this once. Paste the two printed lines into a terminal, or run
    `eval "$(housing-sweep env)"` there, and every wandb command of that terminal uses this server.

    --check examines the database, every stored file against its digests, and the references
    between them, and exits with 0 when all is well, 2 otherwise.
    """
    config = server_config(
        host=host,
        port=port,
        trials_per_agent=trials_per_agent,
        retries=retries,
        data_dir=data_dir,
    )
    if check:
        _check(config)
        return
    from housing_sweep.server.serve import serve

    def announce(url: str, api_key: str | None) -> None:
        click.echo(f"housing-sweep server is ready at {url}  (Ctrl-C ends it)")
        if api_key is None:
            click.echo("In the terminal that runs wandb:\n")
            lines = [f'eval "$(housing-sweep env --data-dir {shlex.quote(str(data_dir))})"']
        else:
            click.echo("Paste these two lines into the terminal that runs wandb; the key is shown")
            click.echo("this once, and `housing-sweep env` prints both again:\n")
            lines = _exports(url, api_key)
        for line in lines:
            click.echo(f"  {line}")
        click.echo("", nl=True)

    serve(config, announce)


def _check(config: "ServerConfig") -> None:
    """Print what is wrong with a data folder.

    Raises:
        Damaged: something is.
    """
    from housing_sweep.server.services.checkup import examine_folder
    from housing_sweep.server.services.data_folder import failures_in_words

    with failures_in_words(config.data_dir):
        checkup = examine_folder(config)
    counted = ", ".join(f"{number} {what}" for what, number in checkup.counts.items())
    click.echo(f"examined {config.data_dir}: {counted or 'the database'}")
    for kind, sentences in (("note", checkup.notes), ("problem", checkup.problems)):
        for sentence in sentences:
            click.echo(f"{kind}: {sentence}")
    if checkup.problems:
        raise Damaged(
            f"{len(checkup.problems)} problems in {config.data_dir}",
            fix="stop the server; `housing-sweep backup` keeps what is sound, "
            "`housing-sweep restore BACKUP --replace` puts an earlier backup in its place",
        )
    click.echo("nothing is wrong")


def _exports(url: str, api_key: str) -> list[str]:
    return [
        f"export WANDB_BASE_URL={shlex.quote(url)}",
        f"export WANDB_API_KEY={shlex.quote(api_key)}",
    ]


@click.command()
@data_dir_option
def env(data_dir: Path) -> None:
    """Print the two exports that point wandb at the local server.

    Use it as `eval "$(housing-sweep env)"`.
    """
    from housing_sweep.server.serve import read_client_env

    client = read_client_env(server_config(data_dir=data_dir))
    url = client.get("url", "http://127.0.0.1:8080")
    for line in _exports(url, client["api_key"]):
        click.echo(line)
