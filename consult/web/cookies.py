"""The signed cookie of a browser's session."""

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class CookieSessions(SecureCookieSessionInterface):
    """Flask's, but what signs and reads the cookie is made once, not for every request."""

    _signing: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._signing is None:
            self._signing = super().get_signing_serializer(app)
        return self._signing
