"""HTTP without a client's good manners: any host, any header, any body."""

import base64
import http.client

from tests.support.local_server import PATIENCE, LocalServer


def bare_request(
    server: LocalServer,
    method: str,
    path: str,
    body: bytes | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """Send one request as it is; return status, headers in lower case, and body."""
    host = server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=PATIENCE)
    connection.putrequest(method, path, skip_host="host" in headers)
    sent = {"content-length": str(len(body))} if body is not None else {}
    for name, value in {**sent, **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body)
    answer = connection.getresponse()
    answered = (answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    connection.close()
    return answered


def basic(api_key: str) -> str:
    """Return the authorization header of who holds a key."""
    return f"Basic {base64.b64encode(f'api:{api_key}'.encode()).decode()}"
