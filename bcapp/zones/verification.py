"""Compare BigCommerce's answer with what was written."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bcapp.bigcommerce.schemas import Method, parse_api_bool, parse_service_codes, printable_line
from bcapp.zones.method_options import SERVICES


class Match(enum.Enum):
    FULL = enum.auto()
    INCOMPLETE = enum.auto()  # no contradiction, but not everything is shown
    DIFFERENT = enum.auto()


@dataclass(frozen=True)
class ExpectedMethod:
    """What a write should result in. `options` are the known ones that were sent."""

    type: str
    enabled: bool
    name: str
    options: Mapping[str, Any]

    def compare(self, saved: Method) -> Match:
        shown = (saved.type, saved.enabled, saved.name)
        if shown != (self.type, self.enabled, printable_line(self.name)):
            return Match.DIFFERENT
        answers = [
            _is_same(name, value, saved.options[name]) if name in saved.options else None
            for name, value in self.options.items()
        ]
        if False in answers:
            return Match.DIFFERENT
        return Match.INCOMPLETE if None in answers else Match.FULL


def _is_same(name: str, expected: object, saved: object) -> bool:
    if name == SERVICES:
        return set(parse_service_codes(saved)) == set(parse_service_codes(expected))
    if isinstance(expected, bool):
        return parse_api_bool(saved) is expected
    return _as_list(expected) == _as_list(saved)


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
