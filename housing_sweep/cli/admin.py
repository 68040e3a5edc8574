"""`housing-sweep users`, `orgs` and `teams`: administration of a data folder."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from housing_sweep.cli.server import data_dir_option, server_config

if TYPE_CHECKING:
    from housing_sweep.server.administration import Administration

ROLES = click.Choice(["admin", "member", "viewer"])


def _options(command: Callable[..., None]) -> Any:
    """Add `--data-dir` and `--json`."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
    return data_dir_option(as_json(command))


def _confirm(command: Callable[..., None]) -> Any:
    return click.option("--yes", is_flag=True, help="Do not ask, on a terminal.")(command)


@contextmanager
def _opened(data_dir: Path) -> Iterator["Administration"]:
    config = server_config(data_dir=data_dir)
    from housing_sweep.server.administration import administration

    with administration(config.data_dir) as opened:
        yield opened


def _ask(question: str, yes: bool) -> None:
    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)


def _show(report: object, as_json: bool, *lines: str) -> None:
    for line in [json.dumps(report, indent=2)] if as_json else lines:
        click.echo(line)


def _show_key(report: dict[str, Any], as_json: bool, first: str) -> None:
    _show(report, as_json, first, f"API key, shown this once:\n  {report['api_key']}")


def _listed(roles: list[dict[str, str]]) -> str:
    return ", ".join(f"{member['user']} ({member['role']})" for member in roles) or "nobody"


@click.group()
def users() -> None:
    """Add, remove and list the users of the local server.

    Works on the data folder, whether the server runs or not; a change holds from the next request
    on. Exit codes: 2 a bad name or key, 3 no such user, 4 the name or key is taken.
    """


@users.command("add")
@click.argument("name")
@click.option("--api-key", metavar="KEY", help="Use this key (40 characters or more).")
@click.option("--email", metavar="ADDRESS", help="An address wandb can find the user by.")
@click.option("--admin", is_flag=True, help="May manage accounts through wandb.Api.")
@_options
def users_add(
    name: str, api_key: str | None, email: str | None, admin: bool, data_dir: Path, as_json: bool
) -> None:
    """Add user NAME and print the API key, which is shown only this once.

    \b
    --json prints
      {"name", "email", "admin", "service", "organizations": [NAME],
       "teams": [NAME], "keys": [FIRST CHARACTERS], "api_key"}
    """
    with _opened(data_dir) as opened:
        report = opened.add_user(name, api_key=api_key, email=email, is_admin=admin)
    _show_key(report, as_json, f"added user {name}")


@users.command("add-key")
@click.argument("name")
@click.option("--api-key", metavar="KEY", help="Use this key (40 characters or more).")
@_options
def users_add_key(name: str, api_key: str | None, data_dir: Path, as_json: bool) -> None:
    """Give user NAME one more API key and print it; the old ones stay.

    --json prints {"name", "api_key"}.
    """
    with _opened(data_dir) as opened:
        report = opened.add_key(name, api_key=api_key)
    _show_key(report, as_json, f"added a key of {name}")


@users.command("remove")
@click.argument("name")
@_confirm
@_options
def users_remove(name: str, yes: bool, data_dir: Path, as_json: bool) -> None:
    """Remove user NAME with all keys and own projects; what they made in teams stays.

    --json prints {"removed": NAME, "projects": HOW MANY WENT}.
    """
    _ask(f"Remove user {name} and their projects?", yes)
    with _opened(data_dir) as opened:
        report = opened.remove_user(name)
    _show(report, as_json, f"removed user {name} and {report['projects']} projects")


@users.command("list")
@_options
def users_list(data_dir: Path, as_json: bool) -> None:
    """List all users.

    --json prints a list of what `users add` prints, without the key.
    """
    with _opened(data_dir) as opened:
        report: list[dict[str, Any]] = opened.users()
    lines = [
        f"{user['name']}{'  admin' if user['admin'] else ''}"
        f"{'  service account' if user['service'] else ''}"
        f"  in {', '.join([*user['organizations'], *user['teams']])}"
        for user in report
    ]
    _show(report, as_json, *lines)


@click.group()
def orgs() -> None:
    """Add, remove and list organizations, which own registries and teams.

    A user without any membership belongs to the default organization; a user with memberships
    only to theirs. Exit codes: 2 a bad name, 3 no such organization or user, 4 the name is taken.
    """


@orgs.command("add")
@click.argument("name")
@click.option("--admin", required=True, metavar="USER", help="Its first admin.")
@_options
def orgs_add(name: str, admin: str, data_dir: Path, as_json: bool) -> None:
    """Add organization NAME.

    \b
    --json prints
      {"name", "entity", "default", "members": [{"user", "role"}], "teams": [NAME]}
    """
    with _opened(data_dir) as opened:
        report = opened.add_organization(name, admin=admin)
    _show(report, as_json, f"added organization {name}, admin {admin}")


@orgs.command("add-member")
@click.argument("org")
@click.argument("user")
@click.option("--role", type=ROLES, default="member", show_default=True)
@_options
def orgs_add_member(org: str, user: str, role: str, data_dir: Path, as_json: bool) -> None:
    """Make USER a member of ORG, or change the role of one.

    --json prints {"organization", "user", "role"}.
    """
    with _opened(data_dir) as opened:
        report = opened.set_organization_member(org, user, role)
    _show(report, as_json, f"{user} is {role} of {org}")


@orgs.command("remove-member")
@click.argument("org")
@click.argument("user")
@_options
def orgs_remove_member(org: str, user: str, data_dir: Path, as_json: bool) -> None:
    """Take USER out of ORG and of its teams.

    --json prints {"organization", "removed": USER}.
    """
    with _opened(data_dir) as opened:
        report = opened.remove_organization_member(org, user)
    _show(report, as_json, f"{user} is no member of {org} any more")


@orgs.command("remove")
@click.argument("name")
@_confirm
@_options
def orgs_remove(name: str, yes: bool, data_dir: Path, as_json: bool) -> None:
    """Remove organization NAME with its registries, its teams and their projects.

    --json prints {"removed": NAME, "teams": [NAME], "projects": HOW MANY WENT}.
    """
    _ask(f"Remove organization {name} with its registries, teams and their projects?", yes)
    with _opened(data_dir) as opened:
        report = opened.remove_organization(name)
    _show(report, as_json, f"removed organization {name} and {report['projects']} projects")


@orgs.command("list")
@_options
def orgs_list(data_dir: Path, as_json: bool) -> None:
    """List all organizations.

    --json prints a list of what `orgs add` prints.
    """
    with _opened(data_dir) as opened:
        report: list[dict[str, Any]] = opened.organizations()
    lines = [
        f"{org['name']}{'  (default)' if org['default'] else ''}  {_listed(org['members'])}"
        for org in report
    ]
    _show(report, as_json, *lines)


@click.group()
def teams() -> None:
    """Add, remove and list teams, whose members share projects.

    Exit codes: 2 a bad name, 3 no such team, organization or user, 4 the name is taken, or the
    team would have no admin left.
    """


@teams.command("add")
@click.argument("name")
@click.option("--org", required=True, metavar="ORG", help="The organization it belongs to.")
@click.option("--admin", required=True, metavar="USER", help="Its first admin.")
@_options
def teams_add(name: str, org: str, admin: str, data_dir: Path, as_json: bool) -> None:
    """Add team NAME.

    --json prints {"name", "organization", "members": [{"user", "role"}]}.
    """
    with _opened(data_dir) as opened:
        report = opened.add_team(name, organization=org, admin=admin)
    _show(report, as_json, f"added team {name} of {org}, admin {admin}")


@teams.command("add-member")
@click.argument("team")
@click.argument("user")
@click.option("--role", type=ROLES, default="member", show_default=True)
@_options
def teams_add_member(team: str, user: str, role: str, data_dir: Path, as_json: bool) -> None:
    """Make USER a member of TEAM, or change the role of one.

    --json prints {"team", "user", "role"}.
    """
    with _opened(data_dir) as opened:
        report = opened.set_team_member(team, user, role)
    _show(report, as_json, f"{user} is {role} of {team}")


@teams.command("remove-member")
@click.argument("team")
@click.argument("user")
@_options
def teams_remove_member(team: str, user: str, data_dir: Path, as_json: bool) -> None:
    """Take USER out of TEAM.

    --json prints {"team", "removed": USER}.
    """
    with _opened(data_dir) as opened:
        report = opened.remove_team_member(team, user)
    _show(report, as_json, f"{user} is no member of {team} any more")


@teams.command("remove")
@click.argument("name")
@_confirm
@_options
def teams_remove(name: str, yes: bool, data_dir: Path, as_json: bool) -> None:
    """Remove team NAME with its projects and service accounts.

    --json prints {"removed": NAME, "projects": HOW MANY WENT}.
    """
    _ask(f"Remove team {name} and its projects?", yes)
    with _opened(data_dir) as opened:
        report = opened.remove_team(name)
    _show(report, as_json, f"removed team {name} and {report['projects']} projects")


@teams.command("list")
@_options
def teams_list(data_dir: Path, as_json: bool) -> None:
    """List all teams.

    --json prints a list of what `teams add` prints.
    """
    with _opened(data_dir) as opened:
        report: list[dict[str, Any]] = opened.teams()
    lines = [
        f"{team['name']}  of {team['organization']}  {_listed(team['members'])}" for team in report
    ]
    _show(report, as_json, *lines)
