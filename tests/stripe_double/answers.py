"""Objects as they are told: with the parts asked for, a page at a time."""

import copy
from typing import Any

from .account import Account, Object
from .errors import InvalidParams
from .params import Params

_PAGE = 10


def shown(account: Account, thing: Object, params: Params) -> Object:
    """A copy; ids named in `expand` are replaced by their objects (docs.stripe.com/api/expanding_objects)."""
    copied = copy.deepcopy(thing)
    for path in params.get("expand") or []:
        _expand(account, copied, path.split("."), path)
    return copied


def listed(account: Account, found: list[Object], params: Params, path: str) -> Object:
    """A page of what was found, newest first (docs.stripe.com/api/pagination)."""
    ids = [thing["id"] for thing in found]
    after = params.get("starting_after")
    if after is not None and after not in ids:
        raise InvalidParams(f"No such object: '{after}'", "resource_missing", "starting_after")
    start = ids.index(after) + 1 if after is not None else 0
    limit = params.get("limit", _PAGE)
    if not 1 <= limit <= 100:
        raise InvalidParams("limit must be 1 to 100.", param="limit")
    page = {
        "object": "list",
        "url": path,
        "has_more": len(found) > start + limit,
        "data": found[start : start + limit],
    }
    return shown(account, page, params)


def _expand(account: Account, node: Any, path: list[str], whole: str) -> None:
    if isinstance(node, list):
        for part in node:
            _expand(account, part, path, whole)
        return
    head, *rest = path
    if not isinstance(node, dict) or head not in node:
        raise InvalidParams(f"This property cannot be expanded ({whole}).", param="expand")
    if isinstance(node[head], str):
        if node[head] not in account.objects:
            raise InvalidParams(f"This property cannot be expanded ({whole}).", param="expand")
        node[head] = copy.deepcopy(account.objects[node[head]])
    if rest and node[head] is not None:
        _expand(account, node[head], rest, whole)
