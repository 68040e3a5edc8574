"""The answer's bytes. NaN and Infinity stay bare, as wandb-core writes and reads them."""

from graphql import ExecutionResult

from housing_sweep.server.rules import json_steps


def encode(result: ExecutionResult) -> bytes:
    """Return `{"data": ..., "errors": [{"message", "path"}]}` as UTF-8 JSON."""
    answer: dict[str, object] = {"data": result.data}
    if result.errors:
        answer["errors"] = [
            {"message": error.message, "path": list(error.path or ())} for error in result.errors
        ]
    # Half a character that a client sent, and hears of, is none that UTF-8 knows.
    return json_steps.write(answer, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "replace"
    )
