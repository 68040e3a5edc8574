"""Signed tokens: a URL that authorises itself for one object and a while."""

from collections.abc import Mapping

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from housing_sweep.errors import PermissionDenied


class Signer:
    """Signs and checks the scope of a URL.

    Args:
        secret: the server's own; a new one invalidates every URL handed out.
        lifetime: seconds a token is good for.
    """

    def __init__(self, secret: str, lifetime: int) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="housing-sweep-url")
        self._lifetime = lifetime

    def sign(self, scope: Mapping[str, str]) -> str:
        """Return a token that vouches for `scope`."""
        return str(self._serializer.dumps(dict(scope)))

    def check(self, token: str) -> dict[str, str]:
        """Return the scope a token vouches for.

        Raises:
            PermissionDenied: the token is forged, damaged or too old. The SDK asks for a fresh URL
                on 403.
        """
        try:
            scope = self._serializer.loads(token, max_age=self._lifetime)
        except SignatureExpired:
            raise PermissionDenied("this URL has expired", fix="ask for a new one") from None
        except BadSignature:
            raise PermissionDenied("this URL is not signed by this server") from None
        assert isinstance(scope, dict)
        return scope
