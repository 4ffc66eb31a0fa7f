"""Markup for assistive technology: errors, required fields, current page."""

import html
import re

import pytest
from werkzeug.test import TestResponse

from tests.merchant import Browser, said

Form = dict[str, str | list[str]]

ON: Form = {"enabled": "true", "name": "X", "delivery_services": ["AUS_PARCEL_REGULAR"]}
FEDEX_ON: Form = {"enabled": "true", "name": "X", "delivery_services": ["FEDEX_GROUND"]}
NO_SERVICE: Form = {"enabled": "true", "name": "X"}
TWICE: Form = {"setting_name": ["a", "a"], "setting_value": ["1", "2"]}
NAMELESS: Form = {"name": "X", "option_name": [""], "option_value": ["1"]}


def elements(page: TestResponse) -> list[dict[str, str]]:
    """List tag and attributes of every visible element, in page order."""
    shown = re.sub(r"<(template|noscript).*?</\1>", "", page.text, flags=re.DOTALL)
    return [
        {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)(?:="(.*?)")?', tag)}
        for tag in re.findall(r"<([a-z][^<>]*)>", shown)
    ]


def element(page: TestResponse, element_id: str) -> dict[str, str]:
    (found,) = [one for one in elements(page) if one.get("id") == element_id]
    return found


def words(page: TestResponse, attribute: str) -> str:
    """Return the text of the element whose opening tag ends with this attribute."""
    ((_, inside),) = re.findall(rf"<(\w+)[^<>]* {attribute}>(.*?)</\1>", page.text, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", inside)).strip()


def marked(page: TestResponse) -> list[str]:
    return [one["id"] for one in elements(page) if one.get("aria-invalid") == "true"]


def roles(page: TestResponse) -> list[str]:
    return [one["role"] for one in elements(page) if one.get("class", "").startswith("message ")]


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        pytest.param("auspost/connection", {}, "auth_key", id="secret"),
        pytest.param(
            "auspost/connection", {"auth_key": "K", "test_mode": "x"}, "test_mode", id="switch"
        ),
        pytest.param("auspost/zones/1", ON | {"name": ""}, "zone-1-name", id="name in a zone"),
        pytest.param("auspost/zones/2", ON | {"enabled": "x"}, "zone-2-enabled", id="on or off"),
        pytest.param(
            "fedex/zones/1", FEDEX_ON | {"rate_type": "\n"}, "zone-1-rate_type", id="select"
        ),
        pytest.param(
            "fedex/zones/1",
            FEDEX_ON | {"include_package_value": "\n"},
            "zone-1-include_package_value",
            id="box",
        ),
    ],
)
def test_a_refused_input_is_marked_and_described_by_its_error(
    merchant: Browser, path: str, form: Form, field: str
) -> None:
    page = merchant.post(f"/carriers/{path}", form)

    assert page.status_code == 422
    assert marked(page) == [field]
    assert element(page, field)["aria-describedby"].split()[0] == f"{field}-error"
    assert words(page, f'id="{field}-error"') == words(page, f'href="#{field}"')


def test_a_refused_group_is_described_by_its_error(merchant: Browser) -> None:
    merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"})

    services = merchant.post("/carriers/auspost/zones/1", NO_SERVICE)
    options = merchant.post("/carriers/carrier_33/zones/1", NAMELESS)

    for page, group in ((services, "zone-1-delivery_services"), (options, "zone-1-option")):
        assert element(page, group)["aria-describedby"] == f"{group}-error"
        assert words(page, f'id="{group}-error"') == words(page, f'href="#{group}"')
    assert marked(services) == []
    assert marked(options) == ["option_name-1-0"]


def test_a_refused_row_is_marked_and_described_by_its_error(merchant: Browser) -> None:
    page = merchant.post("/carriers", {"number": "33", "name": "Parcel Lane"} | TWICE)

    for row in ("setting_name-0", "setting_name-1"):
        assert element(page, row)["aria-describedby"] == f"{row}-error"
    assert marked(page) == ["setting_name-0", "setting_name-1"]


def test_rejected_zone_options_are_visible(merchant: Browser) -> None:
    refused = merchant.post("/carriers/fedex/zones/1", FEDEX_ON | {"rate_type": "\n"})

    assert refused.text.count('<details class="more" open>') == 1


def test_required_fields_are_marked(merchant: Browser) -> None:
    page = merchant.get("/carriers/fedex/connection")

    required = [one["id"] for one in elements(page) if "required" in one]
    assert required
    for field in required:
        assert words(page, f'for="{field}"').endswith("*")
    assert "Fields marked * are required." in said(page)


def test_success_is_a_status_and_failure_an_alert(merchant: Browser) -> None:
    done = merchant.get(merchant.send("auspost").headers["Location"])
    refused = [
        merchant.send("auspost", {}),
        merchant.post("/carriers", {}),
        merchant.post("/carriers/auspost/zones/1", NO_SERVICE),
    ]

    assert roles(done) == ["status"]
    assert [roles(page) for page in refused] == [["alert"]] * 3


@pytest.mark.parametrize("path", ["/carriers", "/activity"])
def test_the_tab_of_a_page_is_marked_as_current(merchant: Browser, path: str) -> None:
    page = merchant.get(path)

    current = [one["href"] for one in elements(page) if one.get("aria-current") == "page"]
    assert current == [path]


def test_every_control_has_a_label_and_an_id_of_its_own(merchant: Browser) -> None:
    merchant.send("fedex")
    merchant.post("/carriers/fedex/zones/1", FEDEX_ON)
    pages = [merchant.send("fedex", {}), merchant.post("/carriers/fedex/zones/1", NO_SERVICE)]
    paths = ["", "/fedex", "/new", "/fedex/disconnect"]
    pages += [merchant.get(f"/carriers{path}") for path in paths] + [merchant.get("/activity")]

    for page in pages:
        shown = [one for one in elements(page) if one.get("type") != "hidden"]
        ids = [one["id"] for one in shown if "id" in one]
        controls = {one["id"] for one in shown if one.keys() & {"input", "select", "textarea"}}
        assert len(ids) == len(set(ids))
        assert controls == {one["for"] for one in shown if "for" in one}
    assert all(f'id="zone-{number}-name"' in pages[3].text for number in (1, 2, 3, 4))
