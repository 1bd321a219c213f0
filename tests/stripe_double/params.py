"""Requests as Stripe reads them: a form with brackets in its names, held against the SDK's own types."""

from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ConfigDict, TypeAdapter, ValidationError
from stripe import RequestOptions
from stripe.params import (
    _charge_retrieve_params,
    _dispute_list_params,
    _dispute_retrieve_params,
    _event_list_params,
    _event_retrieve_params,
    _payment_intent_retrieve_params,
    _refund_create_params,
    _refund_list_params,
    _refund_retrieve_params,
)
from stripe.params.checkout import (
    _session_create_params,
    _session_expire_params,
    _session_list_params,
    _session_retrieve_params,
)
from typing_extensions import is_typeddict

from .errors import InvalidParams

Params = dict[str, Any]

_MODULES = {
    "ChargeRetrieveParams": _charge_retrieve_params,
    "DisputeListParams": _dispute_list_params,
    "DisputeRetrieveParams": _dispute_retrieve_params,
    "EventListParams": _event_list_params,
    "EventRetrieveParams": _event_retrieve_params,
    "PaymentIntentRetrieveParams": _payment_intent_retrieve_params,
    "RefundCreateParams": _refund_create_params,
    "RefundListParams": _refund_list_params,
    "RefundRetrieveParams": _refund_retrieve_params,
    "SessionCreateParams": _session_create_params,
    "SessionExpireParams": _session_expire_params,
    "SessionListParams": _session_list_params,
    "SessionRetrieveParams": _session_retrieve_params,
}
_NOT_SENT = set(RequestOptions.__annotations__)
"""What the SDK's types name beside a request's own parameters; it travels in headers."""


def read_params(kind: str, encoded: str) -> Params:
    """The parameters of a body or query, converted. Raises InvalidParams for what this API version does not
    know or take; its enumerations are open, so an unknown word in one passes.
    """
    raw = _nested(parse_qsl(encoded, keep_blank_values=True))
    for name in _NOT_SENT & set(raw):
        raise InvalidParams(f"Received unknown parameter: {name}", "parameter_unknown", name)
    try:
        found: Params = _adapter(kind).validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        name = _bracketed([str(part) for part in first["loc"]])
        code = {"extra_forbidden": "parameter_unknown", "missing": "parameter_missing"}.get(first["type"])
        raise InvalidParams(f"{first['msg']}: {name}", code, name) from error
    return found


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    module: ModuleType = _MODULES[kind]
    for found in vars(module).values():
        if is_typeddict(found):
            found.__pydantic_config__ = ConfigDict(
                extra="forbid", arbitrary_types_allowed=True, defer_build=True
            )
    adapter = TypeAdapter(getattr(module, kind))
    names = {**vars(module), "StripeContext": str, "Mapping": Mapping, "Dict": dict}
    adapter.rebuild(force=True, _types_namespace=names)
    return adapter


def _nested(pairs: list[tuple[str, str]]) -> Params:
    root: Params = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        node, keys = root, [head, *rest]
        for key in keys[:-1]:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                raise InvalidParams(f"Invalid: {name}", param=name)
        node[keys[-1] or str(len(node))] = value
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    parts = {key: _with_lists(part) for key, part in value.items()}
    return list(parts.values()) if parts and all(key.isdigit() for key in parts) else parts


def _bracketed(path: list[str]) -> str:
    return path[0] + "".join(f"[{part}]" for part in path[1:])
