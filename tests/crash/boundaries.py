"""Every point at which a process may die between two steps: just before and just after each commit, and each
call to the gateway. They are put around the application from outside; it knows nothing of them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask

from consult.deps import EXTENSION, Deps, deps
from consult.payments.gateway import Gateway

_NO_CALLS = ("build_request", "parse_webhook")


class Boundaries:
    """`passed` names those met since `arm`. `die` is called at the armed one, and must not return."""

    def __init__(self, die: Callable[[str], None]) -> None:
        self._die = die
        self._left: int | None = None
        self.passed: list[str] = []

    def arm(self, number: int | None) -> None:
        """Die at the one of this number from now on, the next being 0; None is to live."""
        self._left = number
        self.passed = []

    @property
    def armed(self) -> bool:
        return self._left is not None

    def meet(self, name: str) -> None:
        self.passed.append(name)
        if self._left is None:
            return
        if self._left == 0:
            self._left = None
            self._die(name)
        else:
            self._left -= 1

    @contextmanager
    def around(self, name: str) -> Iterator[None]:
        self.meet(f"before {name}")
        yield
        self.meet(f"after {name}")


class WatchedGateway:
    """A gateway with a boundary before and after each of its calls."""

    def __init__(self, gateway: Gateway, boundaries: Boundaries) -> None:
        self._gateway, self._boundaries = gateway, boundaries

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)
        if not callable(found) or name in _NO_CALLS:
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            with self._boundaries.around(name):
                return found(*arguments, **named)

        return call


@dataclass(frozen=True)
class _WatchedDeps(Deps):
    boundaries: Boundaries

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            self.boundaries.meet("before commit")
        self.boundaries.meet("after commit")


def watch(app: Flask, boundaries: Boundaries) -> None:
    """From now on the application meets these boundaries."""
    with app.app_context():
        d = deps()
        ports = replace(d.ports, gateway=WatchedGateway(d.ports.gateway, boundaries))
        app.extensions[EXTENSION] = _WatchedDeps(**vars(d) | {"ports": ports}, boundaries=boundaries)
