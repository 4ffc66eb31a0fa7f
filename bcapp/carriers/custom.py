"""Custom carriers, `carrier_{n}`: the merchant names the settings as well as their values."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast, get_args

from wtforms import StringField
from wtforms.form import BaseForm

from bcapp.carriers.fields import (
    Carrier,
    Check,
    CredentialField,
    Details,
    Kind,
    Value,
    fault,
    parse_form_switch,
)
from bcapp.language import gettext as _

MAX_SETTINGS = 50
MAX_LINES = 200  # per list
MAX_ROWS = 200  # parsed at most; nobody types more
MAX_NAME_LENGTH = 100
_BLANK_ROWS = 2

_NUMBER = re.compile(r"(?:carrier_)?([1-9][0-9]{0,9})")
_SETTING_NAME = re.compile(r"[^\s\x00-\x1f]{1,100}")


@dataclass(frozen=True)
class Setting:
    """One row of the form, as typed."""

    index: int
    name: str = ""
    kind: Kind = "text"
    value: str = field(default="", repr=False)
    errors: tuple[str, ...] = ()

    @property
    def is_blank(self) -> bool:
        # A boolean row always has a value, so only its name tells whether it is used.
        return not self.name and (not self.value or self.kind == "boolean")

    @property
    def is_secret(self) -> bool:
        return self.kind == "secret"

    def parse(self) -> Value:
        if self.kind == "boolean":
            return parse_form_switch(self.value) is True
        return _lines(self.value) if self.kind == "list" else self.value


@dataclass(frozen=True)
class Settings:
    rows: tuple[Setting, ...] = field(default=())

    @property
    def is_valid(self) -> bool:
        return not any(row.errors for row in self.rows)

    @property
    def names_and_kinds(self) -> list[list[str]]:
        return [[row.name, row.kind] for row in self.rows]

    @property
    def details(self) -> Details:
        return {row.name: row.parse() for row in self.rows}

    def with_errors(self, errors: Mapping[str, str]) -> "Settings":
        """Attach BigCommerce's messages to rows, by setting name."""
        return Settings(
            tuple(
                replace(row, errors=(errors[row.name],)) if row.name in errors else row
                for row in self.rows
            )
        )

    def for_page(self) -> list[Setting]:
        """Return the rows to show: without secret values, with two blank rows at the end."""
        shown = [replace(row, value="") if row.is_secret else row for row in self.rows]
        shown += [Setting(len(shown) + i) for i in range(_BLANK_ROWS)]
        return [replace(row, index=index) for index, row in enumerate(shown)]


def parse_settings(form: Any, prefix: str = "setting") -> Settings:
    """Parse rows of `{prefix}_name`, `…_kind` and `…_value`, and check each."""
    columns = [form.getlist(f"{prefix}_{part}") for part in ("name", "kind", "value")]
    longest = max(map(len, columns))
    names, kinds, values = ([*column, *[""] * (longest - len(column))] for column in columns)
    typed = [
        Setting(index, name.strip(), _kind(kind), value.strip())
        for index, (name, kind, value) in enumerate(zip(names, kinds, values, strict=True))
    ]
    if prefix == "option":  # zone options are visible, so they have no secret kind
        typed = [replace(row, kind="text") if row.is_secret else row for row in typed]
    filled = [row for row in typed if not row.is_blank][:MAX_ROWS]
    used = [replace(row, index=index) for index, row in enumerate(filled)]
    times = Counter(row.name for row in used)
    return Settings(tuple(replace(row, errors=tuple(_faults(row, times))) for row in used))


def parse_known_settings(form: Any, names_and_kinds: Iterable[Sequence[str]]) -> Settings:
    """Parse settings that the store knows already, each under its own name."""
    rows = [
        Setting(index, name, _kind(kind), form.get(name, "").strip())
        for index, (name, kind) in enumerate(names_and_kinds)
    ]
    once = Counter(row.name for row in rows)
    return Settings(tuple(replace(row, errors=tuple(_faults(row, once))) for row in rows))


def stored_settings(names_and_kinds: Iterable[Sequence[str]]) -> Settings:
    """Return the known settings without values, which are not stored."""
    return Settings(
        tuple(Setting(i, name, _kind(kind)) for i, (name, kind) in enumerate(names_and_kinds))
    )


def carrier(carrier_id: str, name: str, names_and_kinds: Iterable[Sequence[str]] = ()) -> Carrier:
    settings = tuple(
        CredentialField(setting, setting, _kind(kind)) for setting, kind in names_and_kinds
    )
    initials = "".join(word[0] for word in name.split()[:2]).upper() or "…"
    return Carrier(carrier_id, name, initials, settings)


def identity_form(submitted: Any = None, defaults: Mapping[str, str] | None = None) -> BaseForm:
    """Build the form for a custom carrier's `number` and `name`."""
    number_help = _("The number BigCommerce gave the carrier. Your provider can tell you.")
    name_help = _("Shown in this app and suggested as the name shoppers see.")
    fields: dict[str, Any] = {
        "number": StringField(_("Carrier ID"), [Check(_number_fault)], [_strip], number_help),
        "name": StringField(_("Name"), [Check(_name_fault)], [_strip], name_help),
    }
    form = BaseForm(fields)
    form.process(submitted, data=dict(defaults or {}))
    return form


def is_acceptable(name: str, values: Iterable[str]) -> bool:
    """Tell whether a row with this name and these values would be valid."""
    is_named = _SETTING_NAME.fullmatch(name) is not None and name.isprintable()
    return is_named and not any(fault(value, name) for value in values)


def carrier_id(number: str) -> str:
    """Return the id for a number typed as "33" or "carrier_33"; raises ValueError."""
    match = _NUMBER.fullmatch(number)
    if match is None:
        raise ValueError("not a number of a carrier")
    return f"carrier_{match[1]}"


def _number_fault(number: str) -> str | None:
    matches = _NUMBER.fullmatch(number)
    return None if matches else _("Carrier ID must be a number, such as 33.")


def _name_fault(name: str) -> str | None:
    if not name:
        return _("Enter a name for the carrier.")
    if len(name) > MAX_NAME_LENGTH:
        return _(
            "%(label)s is longer than %(limit)s characters.", label=_("Name"), limit=MAX_NAME_LENGTH
        )
    return fault(name, _("Name"))


def _faults(row: Setting, times: Mapping[str, int]) -> Iterable[str]:
    if not row.name:
        yield _("Enter the name of this setting, or empty the row.")
    elif not _SETTING_NAME.fullmatch(row.name) or not row.name.isprintable():
        yield _("A setting’s name has no spaces and at most 100 characters.")
    elif times[row.name] > 1:
        yield _("Setting %(name)s is listed twice.", name=row.name)
    if row.index >= MAX_SETTINGS:
        yield _("A carrier takes at most %(limit)s settings.", limit=MAX_SETTINGS)
    yield from _value_faults(row)


def _value_faults(row: Setting) -> Iterable[str]:
    label = row.name or _("This setting")
    if row.kind == "boolean":
        if row.value == "" or parse_form_switch(row.value) is None:
            yield _("%(label)s is either true or false.", label=label)
    elif not row.value:
        yield _("Enter a value for %(label)s.", label=label)
    else:
        items = _lines(row.value) if row.kind == "list" else [row.value]
        if len(items) > MAX_LINES:
            yield _("%(label)s takes at most %(limit)s lines.", label=label, limit=MAX_LINES)
            items = items[:MAX_LINES]
        yield from filter(None, (fault(item, label) for item in items))


def _kind(kind: str) -> Kind:
    return cast(Kind, kind) if kind in get_args(Kind) else "text"


def _lines(value: str) -> list[str]:
    return [line.strip() for line in value.splitlines() if line.strip()]


def _strip(value: str | None) -> str:
    return (value or "").strip()
