"""`housing-sweep`: loads a command's file when it is asked for, and maps errors to exit codes."""

import importlib
import os
import sys

import click

from housing_sweep.errors import HousingSweepError

COMMANDS = {
    "backup": ("backup", "Copy the local server's data, while it runs or not."),
    "compare": ("compare", "Show what differs between runs."),
    "data": ("data", "Check and publish the dataset."),
    "env": ("server", "Print the exports that point wandb at the local server."),
    "export": ("export", "Export a model to MLflow or DVC."),
    "lineage": ("trace", "Show where a model came from, and what came from a dataset."),
    "model": ("model", "Show how the registry's aliases moved."),
    "orgs": ("admin", "Add, remove and list organizations of the local server."),
    "predict": ("predict", "Predict with a promoted model, for the rows of a table."),
    "promote": ("model", "Promote the best trial of a sweep, if it earns it."),
    "prune": ("prune", "Delete the models of a sweep's losing trials."),
    "report": ("report", "Write a sweep's report: one HTML file, and Markdown."),
    "reproduce": ("trace", "Build a model again from its record, and compare."),
    "restore": ("backup", "Put a backup in the place of the local server's data."),
    "rollback": ("model", "Put an alias back to the version displaced last."),
    "server": ("server", "Run the local W&B server."),
    "sweeps": ("sweeps", "Check, list, watch, stop and retry sweeps."),
    "teams": ("admin", "Add, remove and list teams of the local server."),
    "users": ("admin", "Add, remove and list users of the local server."),
}
"""Command -> (module in `cli`, one line for `--help`): help starts without importing any."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"housing_sweep.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="housing-sweep")
def cli() -> None:
    """Hyperparameter sweeps with W&B, from a sweep YAML to a promoted model, online or not.

    \b
    A first sweep on the local server:
      housing-sweep server                    in one terminal, then in another:
      eval "$(housing-sweep env)"
      housing-sweep data publish --csv housing.csv
      wandb sweep sweeps/hist_gradient_boosting.yaml
      wandb agent ENTITY/PROJECT/SWEEP
      housing-sweep promote ENTITY/PROJECT/SWEEP --alias staging

    \b
    Exit codes: 0 done, 2 bad input, 3 not found, 4 refused or conflict, 1 anything else.
    """


def main() -> None:
    """Run the command line; the program's only door."""
    sys.exit(run(cli))


def run(command: click.Command, args: list[str] | None = None) -> int:
    """Run a command and return its exit code; a user's mistake is a message, never a traceback."""
    try:
        result = command.main(args=args, standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return int(leaving.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return int(error.exit_code)
    except HousingSweepError as error:
        # Names in it may be of others: only our own line breaks act.
        lines = str(error).split("\n")
        safe = [line if line.isprintable() else ascii(line)[1:-1] for line in lines]
        click.echo("error: " + "\n".join(safe), err=True)
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        return 130
    except BrokenPipeError:  # `housing-sweep ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
