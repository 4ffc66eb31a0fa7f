"""Describe what a carrier asks for, and convert form values to connection properties."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from wtforms import BooleanField, Field, PasswordField, StringField, TextAreaField
from wtforms.form import BaseForm
from wtforms.validators import ValidationError

from bcapp.language import format_list, language
from bcapp.language import gettext as _

MAX_VALUE_LENGTH = 255

Kind = Literal["text", "secret", "boolean", "list"]
Value = str | bool | list[str]
Details = Mapping[str, Value]

_TRUE = {"on", "true", "1", "yes", "y"}
_FALSE = {"off", "false", "0", "no", "n", ""}


@dataclass(frozen=True)
class CredentialField:
    """One connection property: `name` is BigCommerce's spelling, `label` and `help` are ours.

    `alternative` is a second spelling that BigCommerce's documents use.
    """

    name: str
    label: str
    kind: Kind
    help: str = ""
    alternative: str | None = None


@dataclass(frozen=True)
class MethodOption:
    """A shipping method option besides the services: value → label, or a boolean.

    New methods get the first value.
    """

    name: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_boolean(self) -> bool:
        return not self.choices

    @property
    def default(self) -> Value:
        return next(iter(self.choices), True)


@dataclass(frozen=True)
class Carrier:
    """`connectable` is False if BigCommerce's API has zones but no connection for the carrier.

    `home` lists the ISO codes of the countries whose stores most likely want it; `services` maps
    group title → code → label. A custom carrier has neither known services nor options.
    """

    id: str
    name: str
    monogram: str
    credentials: tuple[CredentialField, ...] = ()
    note: str = ""
    home: tuple[str, ...] = ()
    connectable: bool = True
    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: tuple[MethodOption, ...] = ()

    @property
    def is_custom(self) -> bool:
        return self.id.startswith("carrier_")

    @property
    def service_codes(self) -> set[str]:
        return {code for group in self.services.values() for code in group}

    @property
    def details(self) -> str:
        """List what the merchant types, as in "key and password"; "" if nothing."""
        return format_list(mid_sentence(f.label) for f in self.credentials if f.kind != "boolean")

    @property
    def needs(self) -> str:
        """Say what to have at hand: "Needs an account ID and passphrase"."""
        details = self.details
        if not details:
            return _("Needs no details")
        # Only English needs an article; the translations list the details after a colon.
        if details[0] in "aeiou":
            return _("Needs an %(details)s", details=details)
        return _("Needs a %(details)s", details=details)

    def form(self, submitted: Any = None, *, test_mode: bool | None = None) -> BaseForm:
        """Build a form with one field per property; `submitted` is the request's MultiDict.

        `test_mode` is the initial value of the switch with that name.
        """
        form = BaseForm({field.name: _form_field(field) for field in self.credentials})
        form.process(submitted, data={"test_mode": test_mode})
        return form

    def connection_from(self, form: BaseForm) -> Details:
        """Build the connection object: exactly the declared properties."""
        fields = [form[field.name] for field in self.credentials]
        return {f.name: f.lines if isinstance(f, LinesField) else f.data for f in fields}


def text(name: str, label: str, help: str = "") -> CredentialField:
    return CredentialField(name, label, "text", help)


def password(
    name: str, label: str, help: str = "", alternative: str | None = None
) -> CredentialField:
    return CredentialField(name, label, "secret", help, alternative)


def switch(name: str, label: str, help: str = "") -> CredentialField:
    return CredentialField(name, label, "boolean", help)


def fault(value: str, label: str) -> str | None:
    """Return a message if the value is invalid, None if it is valid."""
    if not value:
        return _("Enter your %(label)s.", label=mid_sentence(label))
    if len(value) > MAX_VALUE_LENGTH:
        return _(
            "%(label)s is longer than %(limit)s characters.", label=label, limit=MAX_VALUE_LENGTH
        )
    if not value.isprintable():
        return _(
            "%(label)s contains a line break or another hidden character. Remove it.", label=label
        )
    return None


def parse_form_switch(value: str) -> bool | None:
    """Parse a form switch; None if the text is neither on nor off."""
    lowered = value.strip().lower()
    return True if lowered in _TRUE else False if lowered in _FALSE else None


class SwitchField(BooleanField):
    """Boolean field that rejects unknown words, which WTForms would treat as true."""

    def process_formdata(self, valuelist: list[str]) -> None:
        answer = parse_form_switch(valuelist[0]) if valuelist else False
        if answer is None:
            raise ValueError(_("%(label)s is either on or off.", label=self.label.text))
        self.data = answer


class LinesField(TextAreaField):
    """A list with one item per line."""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].splitlines() if valuelist else []
        self.lines = [line.strip() for line in typed if line.strip()]
        self.data = "\n".join(self.lines)


class Check:
    """WTForms validator around a function that returns a message; marks the field as required."""

    field_flags: ClassVar = {"required": True}

    def __init__(self, fault_of: Callable[[str], str | None]) -> None:
        self._fault_of = fault_of

    def __call__(self, _form: BaseForm, field: Field) -> None:
        for item in getattr(field, "lines", None) or [field.data or ""]:
            message = self._fault_of(item)
            if message:
                raise ValidationError(message)


def _form_field(field: CredentialField) -> Any:
    if field.kind == "boolean":
        return SwitchField(field.label, description=field.help)

    kind = {"secret": PasswordField, "text": StringField, "list": LinesField}[field.kind]
    return kind(
        field.label,
        description=field.help,
        filters=[] if field.kind == "list" else [lambda typed: (typed or "").strip()],
        validators=[Check(lambda typed: fault(typed, field.label))],
    )


def mid_sentence(label: str) -> str:
    """Adapt a label for use inside a sentence: "Account ID" → "account ID", "API key" stays."""
    if language() == "de" or label[:2].isupper():  # German nouns are always capitalized
        return label
    return label[:1].lower() + label[1:]
