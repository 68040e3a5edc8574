"""Templates and the words they use: how a value, a size, a time and an address are spelled."""

import json
from importlib import resources
from typing import Any
from urllib.parse import quote

import jinja2
from starlette.responses import HTMLResponse, Response

from housing_sweep.drawing.spell import spell, spell_bytes
from housing_sweep.server.rules.names import REGISTRY_PREFIX
from housing_sweep.server.web.run_charts import DIGITS, chart

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self';"
    " connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
WITH_FORM = {"Referrer-Policy": "same-origin"}
"""With `no-referrer`, as elsewhere, browsers say of a form that its origin is `null`."""

STYLE = (resources.files("housing_sweep.server.web") / "static" / "style.css").read_bytes()
LONGEST_VALUE = 200


def segment(text: object) -> str:
    """Return a text as one segment of an address."""
    return quote(str(text), safe="")


def words(value: object) -> str:
    """Return a config or summary value as a table shows it."""
    if isinstance(value, float):
        return spell(value, DIGITS)
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def moment(text: str | None) -> str:
    """Return a time without its fraction of a second."""
    return (text or "").replace("T", " ").partition(".")[0]


_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("housing_sweep.server.web"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(seg=segment, words=words, size=spell_bytes, moment=moment)
_templates.globals.update(chart=chart, REGISTRY_PREFIX=REGISTRY_PREFIX)


def render(template: str, user: str | None, *, status: int = 200, **values: Any) -> Response:
    """Return a page as this user, or as nobody."""
    html = _templates.get_template(template).render(user=user, **values)
    headers = {**HEADERS, **(WITH_FORM if "<form" in html else {})}
    return HTMLResponse(html, status_code=status, headers=headers)


async def style_endpoint(_request: object) -> Response:
    """Send the style sheet."""
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})
