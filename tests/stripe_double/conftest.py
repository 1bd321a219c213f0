"""What the double's own tests need."""

from .fixtures import double, pay_at  # noqa: F401
