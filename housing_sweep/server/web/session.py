"""Who looks: a login with the API key, kept in a signed cookie that scripts cannot read."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from housing_sweep.errors import PermissionDenied
from housing_sweep.server.services.context import Services
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.people import keys, users
from housing_sweep.server.store.people.users import User
from housing_sweep.server.web.rendering import render

COOKIE = "housing_sweep_session"
LONGEST_FORM = 10_000

Endpoint = Callable[[Request], Awaitable[Response]]


def sign_in(services: Services, api_key: str) -> str | None:
    """Return the cookie's content for who holds this key, or None for nobody.

    It names the key, not the user: with the key the session ends.
    """
    key_id = keys.id_of(services.database.connection(), api_key)
    if key_id is None:
        return None
    return services.signer.sign({"allows": "session", "key": str(key_id)})


def signed_in(services: Services, request: Request) -> User | None:
    """Return who is logged in in this browser."""
    try:
        scope = services.signer.check(request.cookies.get(COOKIE, ""))
    except PermissionDenied:
        return None
    if scope.get("allows") != "session":  # a signed URL is no session
        return None
    db = services.database.connection()
    key = keys.find_by_id(db, int(scope["key"]))
    return None if key is None else users.user_by_id(db, key.user_id)


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
            samesite="strict",  # other sites' links and forms do not carry it
            secure=request.url.scheme == "https",
        )
        return answer

    return endpoint


async def logout_endpoint(_request: Request) -> Response:
    """Forget who is logged in."""
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk[:LONGEST_FORM]
        if len(body) > LONGEST_FORM:
            return {}
    fields = parse_qs(bytes(body).decode(errors="replace"))
    return {name: values[0] for name, values in fields.items()}
