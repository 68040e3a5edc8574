"""`POST /graphql`: one request in, one answer out."""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping

from graphql import ExecutionResult, GraphQLError
from starlette.requests import Request
from starlette.responses import Response

from housing_sweep.errors import BadInput, Conflict
from housing_sweep.server.edge.answers import log_refusal
from housing_sweep.server.edge.request import Bodies, request_context
from housing_sweep.server.graphql.encode import encode
from housing_sweep.server.graphql.execute import Api
from housing_sweep.server.rules.json_text import read_before
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.failures import as_ours

_log = logging.getLogger(__name__)


def graphql_endpoint(
    server: Server, api: Api, bodies: Bodies
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of one server."""

    async def endpoint(request: Request) -> Response:
        async with bodies.json(request) as body:
            query, variables = body.get("query"), body.get("variables") or {}
            if not isinstance(query, str) or not isinstance(variables, dict):
                raise BadInput("a GraphQL request needs `query` (text) and `variables` (object)")
            operation = body.get("operationName") or None  # the Python client sends ""
            if not isinstance(operation, str | None):
                raise BadInput("`operationName` must be text")

            def execute() -> tuple[ExecutionResult, bytes]:
                ctx = request_context(request, server.services)
                ctx.viewer  # noqa: B018  no operation is open to strangers
                with read_before(_long_texts(variables)):
                    result = api.execute(query, variables, operation, ctx)
                return result, encode(result)

            # A heartbeat changes something; what only asks may take long.
            changes = query.lstrip().startswith("mutation")
            result, answer = await (server.run if changes else server.run_reading)(execute)
        status = _status(result, operation)
        if result.errors and (status >= 400):
            log_refusal(request, status, result.errors[0].message)
        return Response(answer, status_code=status, media_type="application/json")

    return endpoint


def _long_texts(variables: Mapping[str, object]) -> Iterator[str]:
    """Yield texts among variables and their fields, where configs and summaries come."""
    for value in variables.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from (item for item in value.values() if isinstance(item, str))


def _status(result: ExecutionResult, operation: object) -> int:
    """Return 200, or the order that the first error gives to the SDK."""
    if not result.errors:
        return 200
    return _status_of(result.errors[0], operation)


def _status_of(error: GraphQLError, operation: object) -> int:
    original = error.original_error
    while isinstance(original, GraphQLError):  # a value that is none of its type
        original = original.original_error
    if original is None:
        return 400  # parse, validation or coercion: no retry can heal it
    ours = as_ours(original)
    if ours is None:
        # A bug of ours. 500 would make the SDK retry for minutes; it is logged, and the call ends.
        _log.error("bug in a resolver of %s", operation, exc_info=original)
        return 200
    if isinstance(ours, Conflict) and operation == "UpsertBucket":
        return 400  # wandb-core retries a 409 on this one until init times out
    return ours.http_status
