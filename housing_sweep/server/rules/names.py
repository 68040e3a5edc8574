"""W&B's rules for names and keys: pure checks, each naming the value and the rule.

Source: wandb/sdk/artifacts/_validators.py (projects, registries) and
wandb/sdk/lib/wbauth/validation.py (keys).
"""

import re

from housing_sweep.errors import BadInput

LONGEST_NAME = 128
SHORTEST_KEY = 40
REGISTRY_PREFIX = "wandb-registry-"

RESERVED = frozenset(
    {
        *("artifactsv2", "authorize", "files", "graphql", "healthz", "login", "logout", "sdk"),
        *("static", "storage"),
    }
)
"""Names whose pages would hide this server's own addresses."""

_ENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_ORGANIZATION = re.compile(r"[^\W_](?:[\w .,&'()-]*[\w.)])?")
_NOT_IN_PROJECT = re.compile(r"[/\\#?%:\x00-\x1f\x7f]")
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


def check_entity_name(name: str, what: str = "user") -> str:
    """Return the name of a user or a team.

    Raises:
        BadInput: it is empty, too long, reserved, or holds anything but letters, digits, - and _.
    """
    if not _ENTITY.fullmatch(name) or len(name) > LONGEST_NAME:
        raise BadInput(
            f"{name!r} cannot be the name of a {what}",
            fix=f"use up to {LONGEST_NAME} letters, digits, - and _, a letter or digit first",
        )
    if name.lower() in RESERVED:
        raise BadInput(f"{name!r} is reserved for this server's own pages", fix="add a suffix")
    return name


def check_organization_name(name: str) -> str:
    """Return the display name of an organisation, which may hold spaces.

    Raises:
        BadInput: it is empty, too long, or no entity name can be made from it.
    """
    if not _ORGANIZATION.fullmatch(name) or len(name) > LONGEST_NAME:
        raise BadInput(
            f"{name!r} cannot be the name of an organization",
            fix=f"use up to {LONGEST_NAME} letters, digits, spaces and - _ . , & ' ( )",
        )
    check_entity_name(organization_entity_name(name), "organization")
    return name


def organization_entity_name(name: str) -> str:
    """Return the name of an organisation's entity: its own, as far as paths allow."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")


def check_project_name(name: str) -> str:
    """Return the name of a project or registry.

    Raises:
        BadInput: it is empty, too long, or holds a character that URLs cannot.
    """
    if not name.strip() or name == REGISTRY_PREFIX:
        raise BadInput(f"{name!r} cannot be the name of a project", fix="give it a name")
    if len(name) > LONGEST_NAME:
        raise BadInput(f"project name {name!r} is longer than {LONGEST_NAME} characters")
    if bad := _NOT_IN_PROJECT.search(name):
        raise BadInput(
            f"project name {name!r} contains {bad[0]!r}", fix="leave out / \\ # ? % : and tabs"
        )
    return name


def check_collection_name(name: str) -> str:
    """Return the name of an artifact collection.

    Raises:
        BadInput: it is empty, too long, or holds what separates names in a path.
    """
    return _check_path_part(name, "an artifact collection")


def check_type_name(name: str) -> str:
    """Return the name of an artifact type.

    Raises:
        BadInput: it is empty, too long, or holds what separates names in a path.
    """
    return _check_path_part(name, "an artifact type")


def _check_path_part(name: str, what: str) -> str:
    if not name.strip() or len(name) > LONGEST_NAME or "/" in name or ":" in name:
        raise BadInput(
            f"{name[: LONGEST_NAME + 1]!r} cannot be the name of {what}",
            fix=f"use 1 to {LONGEST_NAME} characters, neither / nor :",
        )
    return name


def check_api_key(key: str) -> str:
    """Return a key that the SDK will send.

    Raises:
        BadInput: the SDK would refuse it before asking the server.
    """
    if len(key) < SHORTEST_KEY:
        raise BadInput(f"the API key has {len(key)} characters", fix=f"use {SHORTEST_KEY} or more")
    if _JWT.fullmatch(key):
        return key
    prefix, dash, rest = key.partition("-")
    secret = rest if dash else prefix
    if not re.fullmatch(r"[\w-]+", secret, re.ASCII) or not key.isascii() or ":" in prefix:
        raise BadInput("the API key holds characters that wandb refuses", fix="use A-Z a-z 0-9 _")
    if len(secret) < SHORTEST_KEY:
        raise BadInput(
            f"the API key has {len(secret)} characters after its first dash",
            fix=f"use {SHORTEST_KEY} or more there: wandb takes what is before it for a prefix",
        )
    return key


def user_name_of(email: str) -> str:
    """Return the user name that an e-mail address suggests.

    Raises:
        BadInput: it is no e-mail address.
    """
    local, at, domain = email.strip().partition("@")
    if not at or not local or not domain:
        raise BadInput(f"{email!r} is not an e-mail address")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", local).strip("-_")
