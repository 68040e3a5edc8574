"""The documentation, executed: links resolve, commands explain themselves, README lines run."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from housing_sweep.cli.main import COMMANDS, cli
from tests.conftest import LONGEST_FIRST
from tests.support.local_server import PATIENCE, ROOT, LocalServer

PAGES = [ROOT / "README.md", *sorted((ROOT / "housing_sweep").rglob("*.md"))]
LINK = re.compile(r"\[[^]]+\]\(([^)\s]+)\)")


def _blocks(page: Path) -> list[list[str]]:
    """Return the shell blocks of a page, each as its command lines without comments."""
    found = re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return [[re.sub(r"\s+#.*", "", line) for line in block.splitlines()] for block in found]


def _commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(group, click.Group):
        ctx = click.Context(group)
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None
            yield from _commands(command, (*path, name))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_resolves(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in LINK.findall(text):
        if target.startswith("http"):
            continue
        path, _, _anchor = target.partition("#")
        assert (page.parent / path).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text("utf-8"))
    for path, name in named:
        assert (ROOT / path).exists(), f"{page.name}: {path}"
        text = (ROOT / path).read_text("utf-8")
        assert not name or f"def {name}(" in text, f"{page.name}: {path}::{name}"


@pytest.mark.parametrize("path", list(_commands(cli)), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(cli, [*path, "--help"])
    assert shown.exit_code == 0, shown.output
    assert len(shown.output.splitlines()) > 4
    undocumented = re.findall(r"^  (--[\w-]+)(?: [A-Z]+)?$", shown.output, re.MULTILINE)
    assert undocumented == [], "options without help"


def test_every_command_of_the_readme_exists() -> None:
    for line in (line for block in _blocks(ROOT / "README.md") for line in block):
        for name in re.findall(r"housing-sweep ([a-z]+)", line):
            assert name in COMMANDS, line
        for path in re.findall(r"(?:scripts|sweeps)/[\w.]+", line):
            assert (ROOT / path).exists(), line


SCRIPTS = [
    path
    for path in sorted((ROOT / "scripts").rglob("[a-z]*"))
    if path.suffix in {"", ".py"} and path.is_file()
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_says_what_it_does(script: Path) -> None:
    lines = script.read_text("utf-8").splitlines()
    assert any(line.startswith(("#", '"""')) and len(line) > 40 for line in lines[:3])


BENCHES = re.findall(r"^#   scripts/bench (\w+)", (ROOT / "scripts" / "bench").read_text(), re.M)


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHES)
def test_every_bench_starts(name: str) -> None:
    command = [str(ROOT / "scripts" / "bench"), name, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


@pytest.mark.slow
def test_the_first_sweep_by_hand_runs_as_the_readme_tells_it(
    own_server: LocalServer, real_csv: Path
) -> None:
    (block,) = [b for b in _blocks(ROOT / "README.md") if any("wandb agent" in line for line in b)]
    data_dir = own_server.data_dir
    lines = [line for line in block if not line.startswith("source .venv")]
    assert lines[0] == 'eval "$(housing-sweep env)"'
    sweep = ""
    setup = f"export HOUSING_SWEEP_DATA_DIR={data_dir}; {lines[0]}; {lines[1]}; "
    for line in lines[2:]:
        line = line.replace("housing.csv", str(real_csv)).replace("ENTITY/PROJECT/ID", sweep)
        if line.startswith("wandb agent"):
            line += " --count 1"
        done = _bash(setup + line, own_server.env)
        if found := re.search(r"wandb agent (\S+)", done):
            sweep = sweep or found[1]
    shown = own_server.sdk(
        "import json, wandb;"
        "a = wandb.Api().artifact('wandb-registry-model/california-housing:staging');"
        "print(json.dumps(a.type))"
    )
    assert shown == "model"


def _bash(line: str, env: dict[str, str]) -> str:
    hidden = {"WANDB_BASE_URL", "WANDB_API_KEY", "WANDB_SILENT"}
    done = subprocess.run(
        ["bash", "-euc", line],
        env={k: v for k, v in env.items() if k not in hidden},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_nothing_committed_names_this_machine() -> None:
    here = re.compile(r"/work/|/root/|127\.0\.0\.1:\d{4,5}/simple|" + "pypi" + r"\.org")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".sh", ".yaml", ".toml", ".lock", ".sql", ".graphql"}:
            if path == Path(__file__):
                continue
            assert not here.search(path.read_text("utf-8")), name
    assert (ROOT / "LICENSE").exists()


def test_files_that_are_ordered_by_length_exist() -> None:
    assert [name for name in LONGEST_FIRST if not (ROOT / name).is_file()] == []
