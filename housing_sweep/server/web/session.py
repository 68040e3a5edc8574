"""Who looks: a login with the API key, kept in a signed cookie that scripts cannot read.

The cookie names a session, a row that goes with its key, at a logout, or with its user. Forms are
taken from our own pages only, so that no other site logs anybody in or out.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from housing_sweep.errors import PermissionDenied
from housing_sweep.server.services.context import Context, Services
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import keys, sessions, users
from housing_sweep.server.store.people.sessions import Session
from housing_sweep.server.store.people.users import User
from housing_sweep.server.web.rendering import render

COOKIE = "housing_sweep_session"
LONGEST_FORM = 10_000
_PORTS = {"http": 80, "https": 443}

Endpoint = Callable[[Request], Awaitable[Response]]


def sign_in(services: Services, api_key: str) -> str | None:
    """Return the cookie's content for who holds this key, or None for nobody."""
    db, lifetime = services.database.connection(), services.config.url_lifetime
    with write(db):
        key = keys.find(db, api_key)
        if key is None:
            return None
        session = sessions.start(db, key.id, lifetime=lifetime, now=services.clock())
        alive = sessions.alive(db)
    services.fresh_keys.keep(session.id, api_key, alive)
    return services.signer.sign({"allows": "session", "session": str(session.id)})


def sign_out(services: Services, session: Session) -> None:
    """End a session: its cookie opens nothing any more, and neither do URLs that it was given."""
    services.fresh_keys.forget(session.id)
    sessions.end(services.database.connection(), session.id)


def session_of(services: Services, request: Request) -> Session | None:
    """Return the session of a browser's cookie, if it goes on."""
    try:
        scope = services.signer.check(request.cookies.get(COOKIE, ""))
    except PermissionDenied:
        return None
    if scope.get("allows") != "session":  # a signed URL is no session
        return None
    return sessions.find(services.database.connection(), int(scope.get("session", 0)))


def signed_in(services: Services, request: Request) -> User | None:
    """Return who is logged in in this browser."""
    return holder(services, session_of(services, request))


def holder(services: Services, session: Session | None) -> User | None:
    """Return who logged in when a session began."""
    db = services.database.connection()
    key = keys.find_by_id(db, session.key_id) if session else None
    return None if key is None else users.user_by_id(db, key.user_id)


def admit(ctx: Context, request: Request) -> Context:
    """Return the context of a page: as who holds the request's key, else its session."""
    if ctx.user is None and (session := session_of(ctx.services, request)) is not None:
        ctx.user = holder(ctx.services, session)
        ctx.login = {"session": str(session.id)}
    return ctx


def require_own_form(request: Request) -> None:
    """Check that a form was sent by a page of this server, or by no browser at all.

    Browsers name the page's origin with every POST; where they hide it (`null`), they say at least
    whether it is ours. Sources: Fetch, `append a request Origin header`; Fetch Metadata.

    Raises:
        PermissionDenied: another site's page sent it.
    """
    headers = request.headers
    origin = headers.get("origin")
    relation = headers.get("sec-fetch-site")
    if origin in (None, "null"):
        ours = relation in ("same-origin", "none") or (origin is None and relation is None)
    else:
        ours = _address(origin or "") == _address(f"{request.url.scheme}://{headers['host']}")
        ours = ours and relation in (None, "same-origin", "none")
    if not ours:
        raise PermissionDenied(
            f"a page of {origin or 'another site'} sent this form to {headers['host']}",
            fix="open this server's own page, and behind a proxy let it pass the Host header on",
        )


def _address(origin: str) -> tuple[str | None, int | None]:
    """Return host and port; the scheme may differ behind a proxy that ends TLS."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None, None
    return parts.hostname, None if port in (None, *_PORTS.values()) else port


def own_path(path: str | None) -> str:
    """Return the path of this server to go on to after a login; anything else is the start."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return "/"
    return path if path.isprintable() else "/"


def login_endpoint(server: Server) -> Endpoint:
    """Return the endpoint that asks for an API key and remembers who holds it."""

    async def endpoint(request: Request) -> Response:
        if request.method != "POST":
            onward = own_path(request.query_params.get("next"))
            return render("login.html", None, onward=onward, refused=False)
        require_own_form(request)
        form = await _form(request)
        onward = own_path(form.get("next"))
        key = form.get("key", "").strip()
        content = await server.run(lambda: sign_in(server.services, key))
        if content is None:
            return render("login.html", None, status=401, onward=onward, refused=True)
        answer = RedirectResponse(onward, status_code=303)
        answer.set_cookie(
            COOKIE,
            content,
            max_age=server.services.config.url_lifetime,
            httponly=True,
            samesite="lax",  # a link from a chat finds its reader logged in
            secure=request.url.scheme == "https",
        )
        return answer

    return endpoint


def logout_endpoint(server: Server) -> Endpoint:
    """Return the endpoint that ends a session."""

    async def endpoint(request: Request) -> Response:
        require_own_form(request)

        def leave() -> None:
            session = session_of(server.services, request)
            if session is not None:
                sign_out(server.services, session)

        await server.run(leave)
        answer = RedirectResponse("/", status_code=303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    return endpoint


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk[:LONGEST_FORM]
        if len(body) > LONGEST_FORM:
            return {}
    fields = parse_qs(bytes(body).decode(errors="replace"))
    return {name: values[0] for name, values in fields.items()}
