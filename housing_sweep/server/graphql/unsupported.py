"""What this server leaves out on purpose, said in words when a client asks for it."""

import re
from collections.abc import Sequence

from graphql import GraphQLError

FEATURES = (
    (re.compile("queue|launchagent|defaultresourceconfig|^launch", re.I), "launch queues"),
    (re.compile("trigger|automation|integration|slack|webhook", re.I), "automations"),
    (re.compile("^(all|upsert|delete|create)?views?$|report", re.I), "W&B reports"),
    (re.compile("billing|subscription|invoice|seat|usage", re.I), "billing and usage"),
)
"""Name of an unknown field or type -> the feature of W&B it belongs to."""

_UNKNOWN = re.compile(r'(?:Cannot query field|Unknown type) ["\'](\w+)["\']')
_OF_AUTOMATIONS = re.compile(r'field ["\']projects["\'] on type ["\']User["\']')


def explain(errors: Sequence[GraphQLError]) -> list[GraphQLError]:
    """Return validation errors, the one that names an unsupported feature first and in words.

    The text still begins as GraphQL spells it: the SDK looks for "Cannot query field" to fall back
    to poorer queries (wandb/apis/public/jobs.py).
    """
    for error in errors:
        if (feature := _feature(error.message)) is not None:
            said = error.message.split(". Did you mean")[0].rstrip(".")
            message = f"{said}: {feature} are not supported by the local server"
            return [GraphQLError(message, nodes=error.nodes), *errors]
    return list(errors)


def _feature(message: str) -> str | None:
    if _OF_AUTOMATIONS.search(message):
        return "automations"
    match = _UNKNOWN.search(message)
    if match is None:
        return None
    return next((feature for names, feature in FEATURES if names.search(match[1])), None)
