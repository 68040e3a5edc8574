"""URLs that authorise themselves."""

import pytest

from tests.support.bare_http import bare_request
from tests.support.local_server import LocalServer


@pytest.mark.slow
def test_uploads_and_downloads_need_a_signature(local_server: LocalServer) -> None:
    for path in ("/storage/runs/x/y", "/storage/wandb_artifacts/x"):
        for method in ("GET", "PUT"):
            status, _, _ = bare_request(
                local_server, method, path, b"data" if method == "PUT" else None
            )
            assert status == 403
            status, _, _ = bare_request(local_server, method, f"{path}?token=forged.x.y", b"")
            assert status == 403
        status, headers, _ = bare_request(
            local_server, "OPTIONS", path, origin="http://x", access_control_request_method="GET"
        )
        assert status == 204
        assert headers["access-control-allow-origin"] == "*"
