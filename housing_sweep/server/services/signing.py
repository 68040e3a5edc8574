"""Signed tokens: a URL that authorises itself for one object and a while."""

import time
from collections.abc import Callable, Mapping

from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from housing_sweep.errors import PermissionDenied


class Signer:
    """Signs and checks the scope of a URL.

    Args:
        secret: the server's own; a new one invalidates every URL handed out.
        lifetime: seconds a token is good for.
        now: the moment, of a clock that does not jump: one put back would end every token at
            once, uploads of living trials with them.
    """

    def __init__(self, secret: str, lifetime: int, now: Callable[[], float] = time.time) -> None:
        class Signed(TimestampSigner):
            def get_timestamp(self) -> int:
                return int(now())

        self._serializer = URLSafeTimedSerializer(secret, salt="housing-sweep-url", signer=Signed)
        self._lifetime, self._now = lifetime, now

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
            scope, signed = self._serializer.loads(token, return_timestamp=True)
        except BadSignature:
            raise PermissionDenied("this URL is not signed by this server") from None
        if self._now() - signed.timestamp() > self._lifetime:
            raise PermissionDenied("this URL has expired", fix="ask for a new one")
        assert isinstance(scope, dict)
        return scope
