"""The arguments of a stored tool call, as JSON text or as an object; nothing here knows a provider."""

import json
from typing import Any, NoReturn

from gql_api.formats.conversation import Call, meta_of
from gql_api.formats.notices import Report
from gql_api.formats.values import JsonObject


def arguments_text(call: Call) -> str:
    """Give the text as it was stored; arguments stored as JSON become compact text with sorted keys."""
    arguments = meta_of(call.part).get("arguments")
    if isinstance(arguments, str):
        return arguments
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def has_arguments(call: Call) -> bool:
    return meta_of(call.part).get("arguments") not in (None, "", "null")


def arguments_object(call: Call, report: Report) -> JsonObject:
    """Give the arguments as an object; what is not one is wrapped and reported, nothing at all is an empty object."""
    arguments = meta_of(call.part).get("arguments")
    if not has_arguments(call):
        return {}
    value = parse(arguments) if isinstance(arguments, str) else arguments
    if isinstance(value, dict):
        return value
    why = f"The arguments of the call of {call.name} are no JSON object: sent under the key arguments."
    report.part_dropped(call.source, why)
    return {"arguments": arguments}


def parse(text: str) -> Any:
    """Read strict JSON; None when it is not."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
