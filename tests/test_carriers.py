"""A carrier's form produces exactly the connection object of the reference."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms.form import BaseForm

from bcapp import carriers
from bcapp.carriers.fields import Carrier, mid_sentence
from sandbox import shipping_reference
from tests.reference import CONNECTIONS, DETAILS, EXAMPLES

OFFERED = {carrier.id: carrier for carrier in carriers.offered()}
TYPED_TEXTS = [(carrier_id, name) for carrier_id, texts in DETAILS.items() for name in texts]
# What one can type on a line: no control characters, no separators but the space.
TYPABLE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=255)


def submit(carrier: Carrier, typed: Mapping[str, Any]) -> BaseForm:
    form = carrier.form(MultiDict(typed))
    form.validate()
    return form


@pytest.mark.parametrize("carrier_id", CONNECTIONS)
def test_the_form_produces_the_connection_of_the_reference(carrier_id: str) -> None:
    carrier = OFFERED[carrier_id]

    form = submit(carrier, DETAILS[carrier_id])

    assert form.errors == {}
    assert carrier.connection_from(form) == CONNECTIONS[carrier_id]


def test_every_connectable_carrier_is_in_the_reference_and_the_sandbox() -> None:
    connectable = [carrier for carrier in carriers.offered() if carrier.connectable]

    kinds = {
        carrier.id: {field.name: field.kind for field in carrier.credentials}
        for carrier in connectable
    }
    types = {
        carrier_id: {name: bool if kind == "boolean" else str for name, kind in fields.items()}
        for carrier_id, fields in kinds.items()
    }

    assert kinds == {
        carrier_id: {name: kind for name, (kind, _value) in properties.items()}
        for carrier_id, properties in EXAMPLES.items()
    }
    assert types == shipping_reference.CONNECTION_PROPERTIES


def test_a_carrier_is_found_by_its_id_and_by_nothing_else() -> None:
    asked = ("fedex", "FEDEX", "FedEx", " fedex", "", "carrier_33")

    found = [carrier_id for carrier_id in asked if carriers.get(carrier_id)]

    assert found == ["fedex"]
    assert OFFERED["fedex"].name == "FedEx"


@given(
    carrier_id=st.sampled_from(sorted(CONNECTIONS)),
    form=st.dictionaries(
        st.sampled_from(
            sorted(
                {"id", "carrier_id", "connection", "passphrase", "canary"}.union(
                    *CONNECTIONS.values()
                )
            )
        )
        | st.text(),
        st.lists(st.sampled_from(["on", "off", "nonsense"]) | st.text(), max_size=3),
    ),
)
def test_a_carrier_sends_exactly_its_declared_properties_in_their_types(
    carrier_id: str, form: dict[str, list[str]]
) -> None:
    carrier = OFFERED[carrier_id]

    details = carrier.connection_from(submit(carrier, form))

    sent = {name: type(value) for name, value in details.items()}
    assert sent == {name: type(value) for name, value in CONNECTIONS[carrier_id].items()}


@pytest.mark.parametrize(("carrier_id", "name"), TYPED_TEXTS)
@given(value=TYPABLE.filter(str.strip), space=st.text(" \t\r\n\xa0", max_size=3))
def test_input_is_sent_stripped(carrier_id: str, name: str, value: str, space: str) -> None:
    carrier = OFFERED[carrier_id]

    form = submit(carrier, {**DETAILS[carrier_id], name: f"{space}{value}{space}"})

    assert form.errors == {}
    assert carrier.connection_from(form) == {**CONNECTIONS[carrier_id], name: value.strip()}


@pytest.mark.parametrize(
    "value",
    ["00123", "0", "1e5", "true", "null", "  007 ", "päss wörd", "<b>&amp;\"'", "{{ 7 * 7 }}"],
)
def test_a_value_is_sent_as_typed(value: str) -> None:
    carrier = OFFERED["fedex"]

    form = submit(carrier, {**DETAILS["fedex"], "account_number": value})

    assert form.errors == {}
    assert carrier.connection_from(form)["account_number"] == value.strip()


@pytest.mark.parametrize(
    ("carrier_id", "name", "label", "in_a_sentence"),
    [
        ("auspost", "auth_key", "Authorization key", "authorization key"),
        ("endicia", "account_id", "Account ID", "account ID"),
        ("endicia", "pass_phrase", "Passphrase", "passphrase"),
        ("fedex", "key", "Key", "key"),
        ("fedex", "password", "Password", "password"),
        ("fedex", "account_number", "Account number", "account number"),
        ("fedex", "meter_number", "Meter number", "meter number"),
        ("zoom2u", "auth_key", "Authorization key", "authorization key"),
    ],
)
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param("", "Enter your {in_a_sentence}.", id="empty"),
        pytest.param(" \t\n", "Enter your {in_a_sentence}.", id="blank"),
        pytest.param("a" * 256, "{label} is longer than 255 characters.", id="too long"),
        pytest.param(
            "ab\ncd",
            "{label} contains a line break or another hidden character. Remove it.",
            id="line break",
        ),
        pytest.param(
            "ab\x00cd",
            "{label} contains a line break or another hidden character. Remove it.",
            id="NUL",
        ),
        pytest.param(
            "abcd\u200b",
            "{label} contains a line break or another hidden character. Remove it.",
            id="zero width",
        ),
    ],
)
def test_an_invalid_value_gets_a_readable_message(
    carrier_id: str, name: str, label: str, in_a_sentence: str, typed: str, said: str
) -> None:
    form = submit(OFFERED[carrier_id], {**DETAILS[carrier_id], name: typed})

    assert form.errors == {name: [said.format(label=label, in_a_sentence=in_a_sentence)]}


@pytest.mark.parametrize(("carrier_id", "name"), TYPED_TEXTS)
def test_a_property_left_out_is_refused(carrier_id: str, name: str) -> None:
    typed = {other: value for other, value in DETAILS[carrier_id].items() if other != name}

    form = submit(OFFERED[carrier_id], typed)

    assert list(form.errors) == [name]


def test_a_value_of_255_characters_is_accepted() -> None:
    form = submit(OFFERED["auspost"], {"auth_key": f" {'a' * 255} "})

    assert form.errors == {}
    assert form["auth_key"].data == "a" * 255


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        pytest.param({"test_mode": "on"}, True, id="on"),
        pytest.param({"test_mode": "true"}, True, id="true"),
        pytest.param({"test_mode": "1"}, True, id="1"),
        pytest.param({"test_mode": " TRUE "}, True, id="TRUE with space"),
        pytest.param({"test_mode": "off"}, False, id="off"),
        pytest.param({"test_mode": "false"}, False, id="false"),
        pytest.param({"test_mode": "0"}, False, id="0"),
        pytest.param({"test_mode": ""}, False, id="empty"),
        pytest.param({}, False, id="absent"),
    ],
)
@pytest.mark.parametrize("carrier_id", ["auspost", "zoom2u"])
def test_test_mode_is_sent_as_true_or_false(
    carrier_id: str, typed: dict[str, str], sent: bool
) -> None:
    carrier = OFFERED[carrier_id]

    form = submit(carrier, {"auth_key": "key", **typed})

    assert form.errors == {}
    assert carrier.connection_from(form)["test_mode"] is sent


@pytest.mark.parametrize("nonsense", ["maybe", "2", "truefalse", "null", "y e s"])
@pytest.mark.parametrize("carrier_id", ["auspost", "zoom2u"])
def test_test_mode_rejects_other_values(carrier_id: str, nonsense: str) -> None:
    form = submit(OFFERED[carrier_id], {"auth_key": "key", "test_mode": nonsense})

    assert form.errors == {"test_mode": ["Test mode is either on or off."]}


def test_an_unsubmitted_form_is_blank() -> None:
    carrier = OFFERED["auspost"]

    form = carrier.form()

    assert carrier.connection_from(form) == {"auth_key": "", "test_mode": False}
    assert form.errors == {}


@pytest.mark.parametrize(
    ("label", "in_a_sentence"),
    [("Account ID", "account ID"), ("API key", "API key"), ("Key", "key"), ("", "")],
)
def test_a_label_inside_a_sentence_keeps_its_abbreviations(label: str, in_a_sentence: str) -> None:
    assert mid_sentence(label) == in_a_sentence


@pytest.mark.parametrize(
    ("carrier_id", "details", "needs"),
    [
        ("auspost", "authorization key", "Needs an authorization key"),
        ("endicia", "account ID and passphrase", "Needs an account ID and passphrase"),
        (
            "fedex",
            "key, password, account number and meter number",
            "Needs a key, password, account number and meter number",
        ),
        ("royalmail", "", "Needs no details"),
        ("zoom2u", "authorization key", "Needs an authorization key"),
    ],
)
def test_a_carrier_lists_what_it_asks_for(carrier_id: str, details: str, needs: str) -> None:
    carrier = OFFERED[carrier_id]

    said = (carrier.details, carrier.needs)

    assert said == (details, needs)
