"""`housing-sweep backup` and `housing-sweep restore`."""

import json
from pathlib import Path

import click

from housing_sweep.cli.server import data_dir_option, server_config

_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@_as_json
@data_dir_option
def backup(folder: Path, as_json: bool, data_dir: Path) -> None:
    """Copy the local server's data to DIR, consistent even while the server runs.

    DIR is new, empty, or an earlier backup, which is brought up to date: files that it has are not
    copied again. It holds keys: keep it as you keep the data folder.

    \b
    Exit codes: 2 the data is damaged, 3 no data folder, 4 DIR holds something else.
    --json prints {"backup", "files", "bytes", "copied_files", "copied_bytes"}.
    """
    config = server_config(data_dir=data_dir)
    from housing_sweep.server.backup import back_up
    from housing_sweep.server.services.data_folder import failures_in_words

    with failures_in_words(data_dir):
        report = back_up(config.data_dir, folder)
    click.echo(
        json.dumps(report, indent=2)
        if as_json
        else f"backed up {data_dir} to {folder}: the database and {report['files']} files"
        f" ({report['bytes']} bytes), {report['copied_files']} of them copied now"
    )


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--replace", is_flag=True, help="Put aside what the data folder has now.")
@_as_json
@data_dir_option
def restore(folder: Path, replace: bool, as_json: bool, data_dir: Path) -> None:
    """Put the backup in DIR in the place of the local server's data; the server must not run.

    The backup is examined first, and nothing is changed if it is damaged. Browsers have to log in
    again. What was written after the backup is not there: `wandb sync` sends runs again from where
    they ran.

    \b
    Exit codes: 2 the backup is damaged, 3 no backup there, 4 a server runs, or the data folder is
    not empty and --replace was not given.
    --json prints {"restored", "made_at": TIME, "files", "bytes", "put_aside": DIR or null}.
    """
    config = server_config(data_dir=data_dir)
    from housing_sweep.server.backup import restore as put_back
    from housing_sweep.server.services.data_folder import failures_in_words

    with failures_in_words(data_dir):
        report = put_back(folder, config.data_dir, replace=replace)
    lines = [f"restored {data_dir} from {folder}: the database and {report['files']} files"]
    if report["put_aside"]:
        lines.append(f"what was there is in {report['put_aside']}; delete it when all is well")
    for line in [json.dumps(report, indent=2)] if as_json else lines:
        click.echo(line)
