"""The answer's bytes. NaN and Infinity stay bare, as wandb-core writes and reads them."""

import json

from graphql import ExecutionResult


def encode(result: ExecutionResult) -> bytes:
    """Return `{"data": ..., "errors": [{"message", "path"}]}` as UTF-8 JSON."""
    answer: dict[str, object] = {"data": result.data}
    if result.errors:
        answer["errors"] = [
            {"message": error.message, "path": list(error.path or ())} for error in result.errors
        ]
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()
