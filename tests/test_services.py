"""Services and options: the catalog, the sandbox and BigCommerce's reference agree."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from bcapp.carriers.catalog import CARRIERS
from bcapp.carriers.fields import Carrier, MethodOption, Value
from bcapp.zones.form import parse_zone_form
from bcapp.zones.method_options import merge_options
from sandbox import shipping_reference

SERVICES = "delivery_services"

# Property → the values allowed, sorted, so that one that stands twice shows; or `bool`.
Properties = dict[str, list[str] | type[bool]]

carriers = pytest.mark.parametrize(
    "carrier", [pytest.param(carrier, id=carrier.id) for carrier in CARRIERS]
)
options = pytest.mark.parametrize(
    ("carrier", "option"),
    [pytest.param(c, option, id=f"{c.id} {option.name}") for c in CARRIERS for option in c.options],
)
values = pytest.mark.parametrize(
    ("carrier", "name", "typed", "written"),
    [
        pytest.param(c, option.name, typed, written, id=f"{c.id} {option.name} {written}")
        for c in CARRIERS
        for option in c.options
        for typed, written in (
            # A box that is not ticked sends nothing.
            [(["true"], True), ([], False)]
            if option.is_boolean
            else [([value], value) for value in option.choices]
        )
    ],
)


def ours() -> dict[str, Properties]:
    table: dict[str, Properties] = {}
    for carrier in CARRIERS:
        table[carrier.id] = {SERVICES: sorted(codes(carrier))}
        for option in carrier.options:
            table[carrier.id][option.name] = bool if option.is_boolean else sorted(option.choices)
    return table


def the_doubles() -> dict[str, Properties]:
    table: dict[str, Properties] = {
        carrier_id: {SERVICES: sorted(services)}
        for carrier_id, services in shipping_reference.DELIVERY_SERVICES.items()
    }
    for carrier_id, allowed in shipping_reference.CARRIER_OPTIONS.items():
        for name, some in allowed.items():
            table[carrier_id][name] = sorted(some) if isinstance(some, tuple) else bool
    return table


def codes(carrier: Carrier) -> list[str]:
    return [code for group in carrier.services.values() for code in group]


@pytest.fixture
def reference() -> dict[str, Properties]:
    """Parse the property tables of "Create a Shipping Method", Markdown in its description."""
    named = os.environ.get("SHIPPING_REFERENCE")
    if not named:
        pytest.skip("SHIPPING_REFERENCE names no shipping.v2.yml of BigCommerce's")
    text = Path(named).read_text("utf-8")
    tables = text.partition("## Carrier Configurations")[2].partition("### Settings Objects")[0]
    return dict(section(text) for text in re.split(r"\n +### ", tables)[1:])


def section(text: str) -> tuple[str, Properties]:
    """Return one carrier's part: the type of its example, and its property table."""
    (carrier_id,) = re.findall(r'"type": "(\w+)"', text)
    rows = re.findall(r"\| *(\w+) *\| *([^|\n]+?) *\| *([^|\n]+?) *\| *$", text, re.MULTILINE)
    return carrier_id, {
        name: bool if kind == "boolean" else sorted(listed(words, text))
        for name, kind, words in rows
        if name != "Property"
    }


def listed(words: str, text: str) -> Iterable[str]:
    """Parse values in a row, or codes in a table of their own (UPS's packaging).

    Values contain no spaces: where a comma is missing (DOM.PC DOM.LIB), a space separates them.
    """
    if words == "See the following table":
        return re.findall(r"^ *\| (\w\w) \| [^|\n]+ \|$", text, re.MULTILINE)
    return re.split(r"[, ]+", words)


def test_the_catalog_matches_the_sandbox() -> None:
    assert ours() == the_doubles()


def test_the_catalog_matches_the_reference(reference: dict[str, Properties]) -> None:
    assert ours() == reference


def test_the_sandbox_matches_the_reference(reference: dict[str, Properties]) -> None:
    assert the_doubles() == reference


@carriers
def test_no_service_is_listed_twice(carrier: Carrier) -> None:
    assert len(codes(carrier)) == len(carrier.service_codes)


@carriers
def test_service_labels_are_unique_in_their_group(carrier: Carrier) -> None:
    for title, group in carrier.services.items():
        assert all(label.strip() for label in group.values()), title
        assert len(set(group.values())) == len(group), title


@options
def test_every_option_and_value_is_labelled(carrier: Carrier, option: MethodOption) -> None:
    labels = [option.label, *option.choices.values()]

    assert all(label.strip() for label in labels)
    assert len(set(labels)) == len(labels)


@options
def test_an_options_default_is_allowed(carrier: Carrier, option: MethodOption) -> None:
    allowed = shipping_reference.CARRIER_OPTIONS[carrier.id][option.name]

    assert option.default in (allowed if isinstance(allowed, tuple) else [True, False])


@carriers
def test_ticked_services_are_sent_by_code(carrier: Carrier) -> None:
    ticked = MultiDict([("enabled", "true"), *((SERVICES, code) for code in codes(carrier))])

    chosen = parse_zone_form(carrier, ticked)

    assert chosen.errors == {}
    assert (merge_options(carrier, None, chosen) or {})[SERVICES] == codes(carrier)


@values
def test_chosen_option_values_are_sent_unchanged(
    carrier: Carrier, name: str, typed: list[str], written: Value
) -> None:
    others = {o.name: [str(o.default)] for o in carrier.options if not o.is_boolean}
    form = {"enabled": ["true"], SERVICES: codes(carrier)} | others | {name: typed}

    chosen = parse_zone_form(carrier, MultiDict(form))

    assert chosen.errors == {}
    value = (merge_options(carrier, None, chosen) or {})[name]
    assert (type(value), value) == (type(written), written)
