"""Custom carriers: the names of their settings are input too."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from bcapp.carriers import custom
from bcapp.carriers.custom import Setting, Settings
from bcapp.carriers.fields import Kind, Value

Row = tuple[str, str, str]
KINDS = get_args(Kind)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", " a ", ""]) | st.text(),
        st.sampled_from(KINDS) | st.text(),
        st.sampled_from(["true", "false", "", "one\ntwo"]) | st.text(),
    )
)


def form_of(*rows: Row) -> MultiDict[str, str]:
    """Build the form of rows of name, kind and value."""
    parts = ("setting_name", "setting_kind", "setting_value")
    return MultiDict([pair for row in rows for pair in zip(parts, row, strict=True)])


def read(*rows: Row) -> Settings:
    return custom.parse_settings(form_of(*rows))


def errors_of(settings: Settings) -> list[tuple[str, ...]]:
    return [row.errors for row in settings.rows]


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        pytest.param("text", "00123", "00123", id="text, leading zeros"),
        pytest.param("text", "  Harbour St  ", "Harbour St", id="text, space around it"),
        pytest.param("text", "true", "true", id="text that reads true"),
        pytest.param("secret", "  hush hush ", "hush hush", id="secret"),
        pytest.param("boolean", "true", True, id="true"),
        pytest.param("boolean", "false", False, id="false"),
        pytest.param("list", "DOM\nINT", ["DOM", "INT"], id="list"),
        pytest.param("list", "\r\n DOM \r\n\r\n INT\r\n", ["DOM", "INT"], id="list, blank lines"),
        pytest.param("list", "DOM", ["DOM"], id="list of one"),
        pytest.param("list", "DOM, INT", ["DOM, INT"], id="commas divide nothing"),
    ],
)
def test_a_setting_is_sent_by_its_kind(kind: str, typed: str, value: Value) -> None:
    settings = read((" setting ", kind, typed))

    assert errors_of(settings) == [()]
    assert settings.details == {"setting": value}


def test_a_switch_is_sent_as_a_real_boolean() -> None:
    settings = read(("up", "boolean", "true"), ("down", "boolean", "false"))

    assert settings.details["up"] is True
    assert settings.details["down"] is False


def test_an_unknown_kind_counts_as_text() -> None:
    settings = read(("zone", "number", "7"), ("area", "", "8"))

    assert settings.names_and_kinds == [["zone", "text"], ["area", "text"]]
    assert settings.details == {"zone": "7", "area": "8"}


def test_settings_keep_their_order_and_kinds() -> None:
    settings = read(("b", "secret", "hush"), ("a", "list", "1"), ("c", "boolean", "true"))

    assert settings.names_and_kinds == [["b", "secret"], ["a", "list"], ["c", "boolean"]]
    assert list(settings.details) == ["b", "a", "c"]


@pytest.mark.parametrize(
    "blank",
    [
        pytest.param(("", "text", ""), id="text"),
        pytest.param(("  ", "secret", " \n"), id="white space"),
        pytest.param(("", "list", "\n\n"), id="list"),
        pytest.param(("", "boolean", "true"), id="switch, which always has a value"),
    ],
)
def test_a_blank_row_is_ignored(blank: Row) -> None:
    settings = read(blank, ("zone", "text", "south"), blank)

    assert settings.is_valid
    assert settings.details == {"zone": "south"}


@pytest.mark.parametrize("form", [MultiDict(), form_of()], ids=["no fields", "no rows"])
def test_a_carrier_without_settings_sends_an_empty_connection(form: MultiDict[str, str]) -> None:
    settings = custom.parse_settings(form)

    assert settings.is_valid
    assert settings.details == {}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(
            ("", "text", "south"),
            "Enter the name of this setting, or empty the row.",
            id="value without a name",
        ),
        pytest.param(
            ("two words", "text", "south"),
            "A setting’s name has no spaces and at most 100 characters.",
            id="name with a space",
        ),
        pytest.param(
            ("n" * 101, "text", "south"),
            "A setting’s name has no spaces and at most 100 characters.",
            id="name too long",
        ),
        pytest.param(
            ("zo\x00ne", "text", "south"),
            "A setting’s name has no spaces and at most 100 characters.",
            id="name with NUL",
        ),
        pytest.param(
            ("zone\u200b", "text", "south"),
            "A setting’s name has no spaces and at most 100 characters.",
            id="name with a hidden character",
        ),
        pytest.param(("zone", "text", " "), "Enter a value for zone.", id="text without a value"),
        pytest.param(("zone", "secret", ""), "Enter a value for zone.", id="secret without one"),
        pytest.param(("zone", "list", "\n \n"), "Enter a value for zone.", id="empty list"),
        pytest.param(
            ("zone", "text", "v" * 256), "zone is longer than 255 characters.", id="value too long"
        ),
        pytest.param(
            ("zone", "list", "ok\n" + "v" * 256),
            "zone is longer than 255 characters.",
            id="one line too long",
        ),
        pytest.param(
            ("zone", "text", "south\neast"),
            "zone contains a line break or another hidden character. Remove it.",
            id="text of two lines",
        ),
        pytest.param(
            ("zone", "secret", "hu\x00sh"),
            "zone contains a line break or another hidden character. Remove it.",
            id="secret with NUL",
        ),
        pytest.param(
            ("zone", "boolean", ""), "zone is either true or false.", id="switch without a value"
        ),
        pytest.param(
            ("zone", "boolean", "maybe"), "zone is either true or false.", id="switch, a third way"
        ),
    ],
)
def test_an_invalid_row_gets_a_message(row: Row, said: str) -> None:
    settings = read(("other", "text", "value"), row)

    assert not settings.is_valid
    assert errors_of(settings) == [(), (said,)]


def test_values_at_the_limits_are_accepted() -> None:
    settings = read(*((f"{n:0100}", "text", "v" * 255) for n in range(50)))

    assert settings.is_valid
    assert len(settings.details) == 50


def test_the_51st_setting_is_one_too_many() -> None:
    settings = read(*((f"setting_{n}", "text", "value") for n in range(51)))

    assert errors_of(settings) == [()] * 50 + [("A carrier takes at most 50 settings.",)]


def test_the_201st_line_is_one_too_many() -> None:
    lines = "\n".join(f"line {n}" for n in range(201))

    settings = read(("zones", "list", lines))

    assert errors_of(settings) == [("zones takes at most 200 lines.",)]


def test_excess_rows_are_ignored() -> None:
    settings = read(*((f"setting_{n}", "text", "value") for n in range(5000)))

    assert len(settings.rows) == 200
    assert not settings.is_valid


def test_a_name_that_is_listed_twice_is_marked_in_both_rows() -> None:
    settings = read(("zone", "text", "1"), ("other", "text", "2"), (" zone", "secret", "3"))

    said = "Setting zone is listed twice."
    assert errors_of(settings) == [(said,), (), (said,)]


def test_short_columns_lose_no_row() -> None:
    form = MultiDict([("setting_name", "a"), ("setting_name", "b"), ("setting_value", "1")])

    settings = custom.parse_settings(form)

    assert settings.names_and_kinds == [["a", "text"], ["b", "text"]]
    assert errors_of(settings) == [(), ("Enter a value for b.",)]


@given(rows=ROWS)
def test_rows_are_either_rejected_or_sent_as_typed(rows: list[Row]) -> None:
    settings = read(*rows)

    sent = {name: type(value) for name, value in settings.details.items()}
    expected = {
        row.name: {"boolean": bool, "list": list}.get(row.kind, str) for row in settings.rows
    }
    assert sent == expected
    assert not settings.is_valid or len(sent) == len(settings.rows)


@given(rows=ROWS)
def test_the_page_shows_no_secret_and_two_blank_rows(rows: list[Row]) -> None:
    settings = read(*rows)

    shown = settings.for_page()

    assert [row.name for row in shown] == [*(row.name for row in settings.rows), "", ""]
    assert [row.index for row in shown] == list(range(len(shown)))
    assert {row.value for row in shown if row.kind == "secret"} <= {""}


def test_the_page_shows_input_that_is_not_secret() -> None:
    settings = read(("zone", "text", "south"), ("key", "secret", "hush"), ("", "text", "stray"))

    shown = settings.for_page()

    assert "hush" not in repr(shown)
    assert [row.value for row in shown] == ["south", "", "stray", "", ""]
    assert shown[2].errors == ("Enter the name of this setting, or empty the row.",)


def test_bigcommerces_message_is_shown_at_its_row() -> None:
    settings = read(("zone", "text", "south"), ("key", "secret", "hush"))

    refused = settings.with_errors({"key": "BigCommerce received no key.", "other": "unknown"})

    assert errors_of(refused) == [(), ("BigCommerce received no key.",)]
    assert not refused.is_valid


def test_known_settings_are_parsed_by_name() -> None:
    form = MultiDict({"zone": " south ", "key": "hush", "up": "true", "stray": "never sent"})

    settings = custom.parse_known_settings(
        form, [["zone", "text"], ["key", "secret"], ["up", "boolean"]]
    )

    assert settings.is_valid
    assert settings.details == {"zone": "south", "key": "hush", "up": True}


def test_a_missing_known_setting_is_an_error() -> None:
    settings = custom.parse_known_settings(
        MultiDict({"zone": "south"}), [["zone", "text"], ["key", "secret"]]
    )

    assert errors_of(settings) == [(), ("Enter a value for key.",)]


def test_stored_settings_have_names_and_kinds_but_no_values() -> None:
    settings = custom.stored_settings([["zone", "text"], ["key", "secret"]])

    assert settings == Settings((Setting(0, "zone", "text"), Setting(1, "key", "secret")))


@pytest.mark.parametrize(
    ("number", "carrier_id"),
    [
        pytest.param("33", "carrier_33", id="number"),
        pytest.param("carrier_33", "carrier_33", id="whole id"),
        pytest.param(" 33\n", "carrier_33", id="space around it"),
        pytest.param("1", "carrier_1", id="smallest"),
        pytest.param("9999999999", "carrier_9999999999", id="ten digits"),
    ],
)
def test_a_number_becomes_the_carriers_id(number: str, carrier_id: str) -> None:
    form = custom.identity_form(MultiDict({"number": number, "name": " Harbour Couriers "}))

    assert form.validate()
    assert custom.carrier_id(form["number"].data) == carrier_id
    assert form["name"].data == "Harbour Couriers"


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("", id="empty"),
        pytest.param("0", id="zero"),
        pytest.param("033", id="leading zero"),
        pytest.param("-33", id="negative"),
        pytest.param("+33", id="plus"),
        pytest.param("3.3", id="fraction"),
        pytest.param("3 3", id="space inside"),
        pytest.param("３３", id="digits not ASCII"),
        pytest.param("3３", id="one digit not ASCII"),
        pytest.param("1" * 11, id="eleven digits"),
        pytest.param("thirty", id="a word"),
        pytest.param("carrier_", id="prefix alone"),
        pytest.param("Carrier_33", id="prefix in capitals"),
        pytest.param("carrier_carrier_33", id="prefix twice"),
        pytest.param("33/../fedex", id="a path"),
        pytest.param("fedex", id="another carrier"),
    ],
)
def test_an_invalid_number_is_rejected(number: str) -> None:
    form = custom.identity_form(MultiDict({"number": number, "name": "Harbour"}))

    assert not form.validate()
    assert form.errors == {"number": ["Carrier ID must be a number, such as 33."]}
    with pytest.raises(ValueError, match="not a number of a carrier"):
        custom.carrier_id(number)


def test_an_id_with_a_line_break_is_no_carriers_id() -> None:
    with pytest.raises(ValueError, match="not a number of a carrier"):
        custom.carrier_id("carrier_33\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("", "Enter a name for the carrier.", id="empty"),
        pytest.param(" \n", "Enter a name for the carrier.", id="blank"),
        pytest.param("n" * 101, "Name is longer than 100 characters.", id="too long"),
        pytest.param(
            "Harbour\nCouriers",
            "Name contains a line break or another hidden character. Remove it.",
            id="line break",
        ),
    ],
)
def test_an_unprintable_name_is_rejected(name: str, said: str) -> None:
    form = custom.identity_form(MultiDict({"number": "33", "name": name}))

    assert not form.validate()
    assert form.errors == {"name": [said]}


def test_a_name_of_100_characters_is_accepted() -> None:
    form = custom.identity_form(MultiDict({"number": "33", "name": "n" * 100}))

    assert form.validate()


@pytest.mark.parametrize(
    ("name", "monogram"),
    [
        pytest.param("Harbour Couriers", "HC", id="two words"),
        pytest.param("harbour", "H", id="one word"),
        pytest.param("a b c", "AB", id="three words"),
        pytest.param("", "…", id="no name"),
    ],
)
def test_a_custom_carrier_has_its_own_name_and_initials(name: str, monogram: str) -> None:
    carrier = custom.carrier("carrier_33", name)

    assert carrier.is_custom
    assert carrier.connectable
    assert (carrier.id, carrier.name, carrier.monogram) == ("carrier_33", name, monogram)


def test_a_custom_carrier_sends_its_known_settings() -> None:
    carrier = custom.carrier(
        "carrier_33", "Harbour", [["zone", "list"], ["key", "secret"], ["up", "boolean"]]
    )
    typed: dict[str, Any] = {"zone": "DOM\n\nINT", "key": " hush ", "up": "on", "stray": "no"}

    form = carrier.form(MultiDict(typed))

    assert form.validate()
    assert carrier.connection_from(form) == {"zone": ["DOM", "INT"], "key": "hush", "up": True}


def test_a_list_without_an_item_is_refused() -> None:
    carrier = custom.carrier("carrier_33", "Harbour", [["zone", "list"]])

    form = carrier.form(MultiDict({"zone": " \n\n"}))

    assert not form.validate()
    assert form.errors == {"zone": ["Enter your zone."]}
