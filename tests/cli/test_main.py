"""The program's door: commands by name, errors by exit code."""

import click
import pytest

from housing_sweep import errors
from housing_sweep.cli.main import COMMANDS, cli, run


def _raises(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_there_and_helps(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, [name, "--help"]) == 0
    assert f"{name} [OPTIONS]" in capsys.readouterr().out


def test_help_lists_every_command_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["-h"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for name, (_, line) in COMMANDS.items():
        assert f"{name} {line}" in said


def test_a_command_that_does_not_exist_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["promoet"]) == 2
    assert "No such command 'promoet'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.HousingSweepError("it is so"), 1),
        (errors.BadInput("it is so"), 2),
        (errors.NotFound("it is so"), 3),
        (errors.Refused("it is so"), 4),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (click.exceptions.Exit(4), 4),
        (click.BadParameter("it is so"), 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_its_exit_code_and_a_message_never_a_traceback(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(_raises(error), []) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert ("it is so" in said.err) == ("it is so" in str(error))


def test_the_fix_stands_below_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    run(_raises(errors.NotFound("no sweep x", fix="check its name")), [])
    assert capsys.readouterr().err == "error: no sweep x\n  fix: check its name\n"


def test_an_accident_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run(_raises(ZeroDivisionError()), [])
