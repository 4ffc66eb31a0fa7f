"""Account details: sent, replaced, refused, lost, disconnected; what pages say about it."""

import html
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from bcapp.models import ActivityEntry, CarrierConnection, Event
from bcapp.outcomes import Outcome
from sandbox.faults import Fault
from sandbox.world import World
from tests.merchant import Browser, at_once, said
from tests.reference import DETAILS, REFERENCE_BODIES

CONNECTION = "/shipping/carrier/connection"

# Claims that a 204 does not support. "Active" and "valid" would be among them.
FORBIDDEN = ("connected", " active", "verified", " valid", "is working", "success")


def bodies(world: World, method: str | None = None) -> list[object]:
    return [call.body for call in world.calls_to(CONNECTION, method)]


def last_entry(db: Session) -> ActivityEntry:
    db.expire_all()
    newest = select(ActivityEntry).order_by(ActivityEntry.id.desc()).limit(1)
    return db.scalars(newest).one()


@pytest.mark.both_databases("writes")
@pytest.mark.parametrize("carrier_id", list(REFERENCE_BODIES))
def test_the_first_send_is_a_post_with_the_body_of_the_reference(
    merchant: Browser, carrier_id: str
) -> None:
    response = merchant.send(carrier_id)

    assert response.status_code == 303
    assert response.headers["Location"] == f"/carriers/{carrier_id}?notice=sent"
    (call,) = merchant.world.calls_to(CONNECTION)
    assert call.method == "POST"
    assert call.body == REFERENCE_BODIES[carrier_id]
    assert call.headers["Content-Type"] == "application/json"
    assert call.headers["Accept"] == "application/json"
    assert call.headers["X-Auth-Token"] == merchant.world.store("harbour1").access_token


@pytest.mark.both_databases("writes")
@pytest.mark.parametrize("carrier_id", list(REFERENCE_BODIES))
def test_a_later_send_is_a_put_with_the_same_body(merchant: Browser, carrier_id: str) -> None:
    merchant.send(carrier_id)

    response = merchant.send(carrier_id)

    assert response.headers["Location"] == f"/carriers/{carrier_id}?notice=updated"
    assert bodies(merchant.world, "PUT") == [REFERENCE_BODIES[carrier_id]]


@pytest.mark.both_databases("writes")
@pytest.mark.parametrize("carrier_id", list(REFERENCE_BODIES))
def test_disconnecting_is_a_delete_with_the_carrier_in_its_body(
    merchant: Browser, carrier_id: str
) -> None:
    merchant.send(carrier_id)

    response = merchant.disconnect(carrier_id)

    assert response.status_code == 303
    assert bodies(merchant.world, "DELETE") == [{"carrier_id": carrier_id}]
    page = said(merchant.get(response.headers["Location"]))
    assert "Disconnect sent to BigCommerce" in page
    assert "We asked BigCommerce to disconnect" in page
    assert "Check that it works" not in page


@pytest.mark.both_databases("writes")
def test_after_a_disconnect_details_are_posted_again(merchant: Browser) -> None:
    merchant.send("zoom2u")
    merchant.disconnect("zoom2u")

    merchant.send("zoom2u")

    assert [call.method for call in merchant.world.calls_to(CONNECTION)] == [
        "POST",
        "DELETE",
        "POST",
    ]


@pytest.mark.both_databases("writes")
@pytest.mark.parametrize("typed", ["true", "on", "True", "1"])
def test_test_mode_is_sent_as_a_boolean_and_shown(merchant: Browser, typed: str) -> None:
    merchant.send("auspost", {"auth_key": "K", "test_mode": typed})

    assert bodies(merchant.world) == [
        {"carrier_id": "auspost", "connection": {"auth_key": "K", "test_mode": True}}
    ]
    assert "Mode Test" in said(merchant.get("/carriers/auspost"))


@pytest.mark.both_databases("writes")
def test_an_update_begins_with_the_mode_that_was_sent(merchant: Browser) -> None:
    def switch() -> str:
        page = merchant.get("/carriers/auspost/connection").text
        (box,) = re.findall(r'<input[^>]* name="test_mode"[^>]*>', page)
        return str(box)

    before = switch()
    merchant.send("auspost", DETAILS["auspost"] | {"test_mode": "true"})
    in_test_mode = switch()
    merchant.send("auspost")

    assert " checked" not in before
    assert " checked" in in_test_mode
    assert " checked" not in switch()


def test_only_declared_keys_leave_the_form(merchant: Browser) -> None:
    form = {"auth_key": " 0042 ", "test_mode": "", "id": "7", "carrier_id": "fedex"}

    merchant.send("zoom2u", form)

    assert bodies(merchant.world) == [
        {"carrier_id": "zoom2u", "connection": {"auth_key": "0042", "test_mode": False}}
    ]


def test_a_204_is_shown_as_sent_only(merchant: Browser) -> None:
    """The sandbox, like BigCommerce, answers 204 to details that the carrier would refuse."""
    merchant.send("auspost", {"auth_key": "wrong-key"})

    page = said(merchant.get("/carriers/auspost?notice=sent"))

    assert "Australia Post details sent to BigCommerce" in page
    assert "BigCommerce does not confirm credentials." in page
    assert "Received (204)" in page
    assert "badge-success" not in merchant.get("/carriers/auspost").text
    for word in FORBIDDEN:
        assert word not in page.lower()


@pytest.mark.parametrize(
    ("carrier_id", "form", "message"),
    [
        pytest.param("auspost", {}, "Enter your authorization key.", id="nothing typed"),
        pytest.param("auspost", {"auth_key": " \t "}, "Enter your authorization key.", id="blank"),
        pytest.param(
            "auspost", {"auth_key": "x" * 256}, "is longer than 255 characters.", id="too long"
        ),
        pytest.param("auspost", {"auth_key": "a\nb"}, "hidden character", id="line break"),
        pytest.param("auspost", {"auth_key": "a\x00b"}, "hidden character", id="NUL"),
        pytest.param(
            "auspost", {"auth_key": "K", "test_mode": "maybe"}, "either on or off", id="switch"
        ),
        pytest.param("fedex", {"key": "K"}, "Enter your meter number.", id="one of four"),
    ],
)
def test_an_invalid_form_is_not_sent(
    merchant: Browser, carrier_id: str, form: dict[str, str], message: str
) -> None:
    response = merchant.send(carrier_id, form)

    assert response.status_code == 422
    page = said(response)
    assert "Check the fields marked below Nothing was sent." in page
    assert message in page
    assert merchant.world.calls == []


def test_a_refusal_of_a_known_field_is_shown_at_the_field(merchant: Browser, db: Session) -> None:
    merchant.world.set_fault(
        Fault(
            "connection",
            status=400,
            body='[{"status": 400, "message": "Required fields missing [key]"}]',
        )
    )

    response = merchant.send("fedex")

    assert response.status_code == 422
    page = said(response)
    assert "BigCommerce didn’t accept these details" in page
    assert "Key: BigCommerce says it is missing" in page
    assert "BigCommerce received no key." in page
    assert "400 Required fields missing [key]" in page
    assert '<a href="#key">' in response.text
    entry = last_entry(db)
    assert (entry.outcome, entry.status) == (Outcome.REJECTED, 400)
    assert entry.detail == "Required fields missing [key]"


def test_a_rejected_form_keeps_input_but_not_secrets(merchant: Browser) -> None:
    merchant.world.set_fault(Fault("connection", status=422, body="[]"))

    response = merchant.send("fedex")

    assert "yourFedexAccountNumber" in response.text
    assert "yourFedexKey" not in response.text
    assert "yourFedexPassword" not in response.text


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        ('[{"status": 400, "message": "Store has no origin"}]', "400 Store has no origin"),
        ('{"title": "Bad", "errors": {"x": "is odd"}}', "400 Bad is odd"),
        ('{"detail": "Because"}', "400 Because"),
        ('[{"status":400,"message":"Required fields missing [zip]"}]', "missing [zip]"),
        ("plain words", "400 plain words"),
        ("", "400"),
        ("[1, null, {}]", "400"),
        ('{"message": ["list"]}', "400"),
        ('"just text"', "400 just text"),
        ("[" * 5000, "400"),
    ],
)
def test_other_refusals_quote_bigcommerce(merchant: Browser, body: str, quoted: str) -> None:
    merchant.world.set_fault(Fault("connection", status=400, body=body))

    response = merchant.send("zoom2u")

    assert response.status_code == 422
    assert "Its answer is below." in said(response)
    assert quoted in said(response)


def test_markup_in_an_answer_is_shown_as_text(merchant: Browser) -> None:
    merchant.world.set_fault(
        Fault("connection", status=400, body='[{"message": "<script>alert(1)</script>"}]')
    )

    response = merchant.send("zoom2u")

    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert" in response.text


def test_an_answer_that_quotes_a_secret_is_masked_everywhere(
    merchant: Browser, db: Session
) -> None:
    secret = DETAILS["zoom2u"]["auth_key"]
    merchant.world.set_fault(
        Fault("connection", status=400, body=f'[{{"message": "Key {secret} is unknown"}}]')
    )

    response = merchant.send("zoom2u")

    assert "Key ••• is unknown" in said(response)
    assert secret not in response.text
    assert last_entry(db).detail == "Key ••• is unknown"


@pytest.mark.both_databases("writes")
@pytest.mark.parametrize(
    ("fault", "status", "heading", "outcome", "calls"),
    [
        pytest.param({"status": 500}, 502, "answer", Outcome.NO_ANSWER, 1, id="500"),
        pytest.param({"status": 501}, 502, "answer", Outcome.NO_ANSWER, 1, id="501"),
        pytest.param({"status": 502}, 502, "answer", Outcome.NO_ANSWER, 2, id="502"),
        pytest.param({"status": 503}, 502, "answer", Outcome.NO_ANSWER, 2, id="503"),
        pytest.param({"status": 504}, 502, "answer", Outcome.NO_ANSWER, 2, id="504"),
        pytest.param({"status": 507}, 502, "answer", Outcome.NO_ANSWER, 1, id="507"),
        pytest.param({"kind": "reset"}, 502, "answer", Outcome.NO_ANSWER, 2, id="reset"),
        pytest.param(
            {"kind": "reset", "execute_first": True},
            502,
            "answer",
            Outcome.NO_ANSWER,
            2,
            id="reset after",
        ),
        pytest.param(
            {"kind": "truncated", "status": 200, "body": "{"},
            502,
            "answer",
            Outcome.NO_ANSWER,
            2,
            id="truncated",
        ),
        pytest.param(
            {"status": 200, "body": "<html>Login</html>", "content_type": "text/html"},
            502,
            "answer",
            Outcome.NO_ANSWER,
            1,
            id="200 HTML",
        ),
        pytest.param(
            {"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}},
            502,
            "answer",
            Outcome.NO_ANSWER,
            1,
            id="redirect",
        ),
        pytest.param({"status": 404}, 422, "find", Outcome.REJECTED, 1, id="404"),
        pytest.param({"status": 405}, 422, "accept", Outcome.REJECTED, 1, id="405"),
        pytest.param({"status": 413}, 422, "accept", Outcome.REJECTED, 1, id="413"),
        pytest.param({"status": 423}, 422, "accept", Outcome.REJECTED, 1, id="423"),
        pytest.param(
            {"status": 400, "body": "<html>", "content_type": "text/html"},
            422,
            "accept",
            Outcome.REJECTED,
            1,
            id="400 HTML",
        ),
        pytest.param({"status": 409}, 422, "accept", Outcome.REJECTED, 2, id="409 on both verbs"),
        pytest.param({"status": 429}, 503, "wait", Outcome.NOT_SENT, 1, id="429 without headers"),
        pytest.param(
            {"status": 429, "headers": {"X-Rate-Limit-Time-Reset-Ms": "0"}},
            503,
            "wait",
            Outcome.NOT_SENT,
            2,
            id="429 reset now",
        ),
        pytest.param({"status": 401}, 403, "no longer lets", Outcome.ACCESS_REVOKED, 1, id="401"),
        pytest.param({"status": 403}, 403, "no longer lets", Outcome.ACCESS_REVOKED, 1, id="403"),
    ],
)
@pytest.mark.settings(BIGCOMMERCE_TIME_BUDGET="3")
def test_every_failure_has_its_page_its_status_and_its_entry(
    merchant: Browser,
    db: Session,
    fault: Mapping[str, object],
    status: int,
    heading: str,
    outcome: Outcome,
    calls: int,
) -> None:
    merchant.world.set_fault(Fault("connection", times=None, **fault))  # type: ignore[arg-type]

    response = merchant.send("zoom2u")

    assert response.status_code == status
    assert heading in said(response)
    assert last_entry(db).outcome is outcome
    assert len(merchant.world.calls_to(CONNECTION)) == calls
    assert (status == 503) == ("Retry-After" in response.headers)


@pytest.mark.settings(BIGCOMMERCE_TIME_BUDGET="0.4")
@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_no_answer_within_the_time_budget_is_a_504_that_says_so(
    merchant: Browser, db: Session, kind: str
) -> None:
    fault = Fault("connection", status=200, body=" " * 40, seconds=30, times=None)
    fault.kind = kind  # type: ignore[assignment]
    merchant.world.set_fault(fault)

    response = merchant.send("zoom2u")

    assert response.status_code == 504
    assert "Your Zoom2U details may or may not have arrived." in said(response)
    assert last_entry(db).outcome is Outcome.NO_ANSWER
    assert "Timed out after 1 second" in said(merchant.get("/activity"))


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        pytest.param({}, 30, id="absent"),
        pytest.param({"X-Retry-After": "45"}, 45, id="seconds"),
        pytest.param({"X-Rate-Limit-Time-Reset-Ms": "20100"}, 21, id="milliseconds round up"),
        pytest.param(
            {"X-Rate-Limit-Time-Reset-Ms": "15000", "X-Retry-After": "12"}, 15, id="the longer"
        ),
        pytest.param({"X-Retry-After": "-5"}, 30, id="negative"),
        pytest.param({"X-Retry-After": "1e9"}, 30, id="not a number"),
        pytest.param({"X-Retry-After": "²"}, 30, id="digit of another kind"),
        pytest.param({"X-Retry-After": "999999999999"}, 3600, id="absurd"),
        pytest.param({"X-Retry-After": "9" * 40}, 30, id="endless"),
    ],
)
def test_a_rate_limit_tells_how_long_to_wait(
    merchant: Browser, headers: dict[str, str], wait: int
) -> None:
    encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    merchant.world.set_fault(Fault("connection", status=429, headers=encoded, times=None))

    response = merchant.send("zoom2u")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == str(wait)
    assert f"Nothing was sent. Try again in {wait:,} seconds." in said(response)
    assert "Not set up" in said(merchant.get("/carriers/zoom2u"))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            Fault(status=429, headers={"X-Rate-Limit-Time-Reset-Ms": "0"}), id="429, reset now"
        ),
        pytest.param(Fault(status=503), id="503"),
        pytest.param(Fault(kind="reset"), id="reset"),
        pytest.param(Fault(kind="reset", execute_first=True), id="reset after it was carried out"),
    ],
)
def test_retryable_failures_are_retried_once(merchant: Browser, fault: Fault) -> None:
    fault.endpoint = "connection"
    merchant.world.set_fault(fault)

    response = merchant.send("zoom2u")

    assert response.status_code == 303
    assert bodies(merchant.world) == [REFERENCE_BODIES["zoom2u"]] * 2


@pytest.mark.both_databases("writes")
def test_put_on_a_missing_connection_falls_back_to_post(merchant: Browser) -> None:
    merchant.send("zoom2u")
    merchant.world.strict_verbs = True
    merchant.world.store("harbour1").connections.clear()
    merchant.world.calls.clear()

    response = merchant.send("zoom2u")

    assert response.status_code == 303
    assert [call.method for call in merchant.world.calls_to(CONNECTION)] == ["PUT", "POST"]


@pytest.mark.both_databases("writes")
def test_post_on_an_existing_connection_falls_back_to_put(merchant: Browser) -> None:
    merchant.world.strict_verbs = True
    merchant.world.store("harbour1").connections["zoom2u"] = {}

    response = merchant.send("zoom2u")

    assert response.status_code == 303
    assert [call.method for call in merchant.world.calls_to(CONNECTION)] == ["POST", "PUT"]


@pytest.mark.both_databases("writes")
def test_disconnecting_a_missing_connection_succeeds(merchant: Browser, db: Session) -> None:
    merchant.world.strict_verbs = True

    response = merchant.disconnect("zoom2u")

    assert response.status_code == 303
    entry = last_entry(db)
    assert (entry.event, entry.outcome, entry.status) == (
        Event.CONNECTION_DELETED,
        Outcome.SENT,
        404,
    )


@pytest.mark.parametrize("first", ["pass_phrase", "passphrase"])
def test_endicia_is_sent_with_the_spelling_that_bigcommerce_asks_for(
    merchant: Browser, first: str
) -> None:
    merchant.world.endicia_passphrase_field = first

    response = merchant.send("endicia")

    assert response.status_code == 303
    sent = [set(call.body["connection"]) for call in merchant.world.calls_to(CONNECTION)]  # type: ignore[index]
    tried = [{"account_id", "pass_phrase"}, {"account_id", "passphrase"}]
    assert sent == tried[: 1 if first == "pass_phrase" else 2]


def test_endicia_refused_under_both_spellings_marks_the_one_field(merchant: Browser) -> None:
    body = '[{"status": 400, "message": "Required fields missing [passphrase]"}]'
    merchant.world.set_fault(Fault("connection", status=400, body=body, times=None))

    response = merchant.send("endicia")

    assert response.status_code == 422
    assert '<a href="#pass_phrase">' in response.text
    assert len(merchant.world.calls_to(CONNECTION)) == 2


@pytest.mark.both_databases("writes")
def test_a_refused_update_still_shows_the_earlier_success(merchant: Browser) -> None:
    merchant.send("fedex")
    merchant.world.set_fault(Fault("connection", status=400, body="[]"))
    refused = merchant.send("fedex")

    page = said(merchant.get("/carriers/fedex"))

    assert "Rejected" in page
    assert "BigCommerce refused the details sent on" in page
    assert "may still be in use." in page
    assert "may still be in use." in said(refused)


@pytest.mark.both_databases("writes")
def test_an_update_after_a_refused_one_is_still_a_put(merchant: Browser) -> None:
    merchant.send("fedex")
    merchant.world.set_fault(Fault("connection", status=400, body="[]"))
    merchant.send("fedex")

    merchant.send("fedex")

    assert [c.method for c in merchant.world.calls_to(CONNECTION)] == ["POST", "PUT", "PUT"]


@pytest.mark.both_databases("writes")
def test_an_unanswered_disconnect_keeps_the_connection(merchant: Browser, db: Session) -> None:
    merchant.send("fedex")
    merchant.world.set_fault(Fault("connection", status=500))

    response = merchant.disconnect("fedex")

    assert response.status_code == 502
    assert "FedEx may or may not be disconnected." in said(response)
    page = said(merchant.get("/carriers/fedex"))
    assert "No answer" in page
    assert "may still be in use." in page


@pytest.mark.both_databases("writes")
def test_no_input_is_stored_in_any_table(merchant: Browser, db: Session) -> None:
    for carrier_id in DETAILS:
        merchant.send(carrier_id)
        merchant.world.set_fault(Fault("connection", status=400, body="[]"))
        merchant.send(carrier_id)

    rows = [*db.scalars(select(ActivityEntry)), *db.scalars(select(CarrierConnection))]
    stored = " ".join(str(vars(row)) for row in rows)
    for details in DETAILS.values():
        for value in details.values():
            assert value not in stored


@pytest.mark.both_databases("isolation")
def test_two_stores_never_see_each_other(merchant: Browser) -> None:
    other = merchant.another("owner", "elmfield2")
    other.install()
    merchant.send("fedex")
    other.send("zoom2u")

    assert "Not set up" in said(merchant.get("/carriers/zoom2u"))
    assert "Not set up" in said(other.get("/carriers/fedex"))
    assert merchant.person.email not in other.get("/activity").text
    assert set(merchant.world.store("harbour1").connections) == {"fedex"}
    assert set(merchant.world.store("elmfield2").connections) == {"zoom2u"}


@pytest.mark.both_databases("locks")
def test_concurrent_sends_leave_one_row_and_two_entries(
    app: Flask, world: World, merchant: Browser, db: Session
) -> None:
    def send() -> int:
        tab = Browser(app, world, "harbour1", "owner")
        tab.token = merchant.token
        return tab.send("fedex").status_code

    statuses = at_once(4, send)

    assert statuses == [303] * 4
    assert len(db.scalars(select(CarrierConnection)).all()) == 1
    sent = select(ActivityEntry).where(ActivityEntry.outcome == Outcome.SENT)
    assert len(db.scalars(sent).all()) == 4


@pytest.mark.parametrize("path", ["/carriers/ups", "/carriers/carrier_33", "/carriers/nope"])
def test_an_unknown_carrier_is_a_404_everywhere(merchant: Browser, path: str) -> None:
    answers = [
        merchant.get(path),
        merchant.get(f"{path}/connection"),
        merchant.post(f"{path}/connection", {"auth_key": "K"}),
        merchant.get(f"{path}/disconnect"),
        merchant.post(f"{path}/disconnect"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert merchant.world.calls == []


def test_a_wrong_method_is_a_405_with_a_page(merchant: Browser) -> None:
    response = merchant.client.delete("/carriers/fedex/connection")

    assert response.status_code == 405
    assert "Nothing has changed." in said(response)


@pytest.mark.both_databases("writes")
@pytest.mark.parametrize("second", [429, 401, 403])
def test_a_rate_limited_retry_keeps_an_unknown_outcome(
    merchant: Browser, db: Session, second: int
) -> None:
    merchant.world.set_fault(Fault("connection", "reset", execute_first=True))
    merchant.world.set_fault(Fault("connection", status=second))

    response = merchant.send("zoom2u")

    assert response.status_code == 502
    assert "may or may not have arrived" in said(response)
    assert last_entry(db).outcome is Outcome.NO_ANSWER
    page = said(merchant.get("/carriers/zoom2u"))
    assert "No answer" in page
    assert "No answer yet" not in page


@pytest.mark.both_databases("writes")
@pytest.mark.parametrize("act", ["connection", "disconnect"])
@pytest.mark.parametrize(
    ("ago", "is_awaited"), [pytest.param(0, True, id="now"), pytest.param(61, False, id="past")]
)
def test_a_pending_attempt_is_not_shown_as_unanswered(
    merchant: Browser, db: Session, act: str, ago: int, is_awaited: bool
) -> None:
    merchant.send("zoom2u")
    if act == "disconnect":
        merchant.disconnect("zoom2u")
    # As it stands between the request and its answer, and for ever after a crash in between.
    entry = last_entry(db)
    entry.outcome, entry.status, entry.settled_at = Outcome.NO_ANSWER, None, None
    entry.at -= timedelta(seconds=ago)
    db.commit()

    for path in ("/carriers", "/activity", "/carriers/zoom2u", "/carriers/zoom2u/connection"):
        page = said(merchant.get(path))
        assert "No answer" in page, path
        assert ("No answer yet" in page) is is_awaited, path
    page = said(merchant.get("/carriers/zoom2u"))
    assert ("BigCommerce hasn’t answered yet" in page) is is_awaited
    assert ("BigCommerce didn’t answer on" in page) is not is_awaited


@pytest.mark.parametrize(
    "quoted",
    [
        pytest.param(lambda key: "x" * 200 + key, id="after a long lead"),
        pytest.param(html.escape, id="HTML"),
        pytest.param(lambda key: json.dumps(key), id="JSON"),
        pytest.param(quote, id="URL"),
    ],
)
def test_secrets_are_masked_in_any_quoting(
    merchant: Browser, db: Session, quoted: Callable[[str], str]
) -> None:
    key = 'Top&Secret"<9>' + "k" * 200
    body = json.dumps([{"status": 400, "message": f"Bad value {quoted(key)}"}])
    merchant.world.set_fault(Fault("connection", status=400, body=body))

    response = merchant.send("zoom2u", {"auth_key": key})

    assert response.status_code == 422
    for text in (html.unescape(response.text), last_entry(db).detail):
        assert "k" * 20 not in text


def test_a_wrong_value_is_not_shown_as_missing(merchant: Browser) -> None:
    body = '[{"status": 400, "message": "Your passphrase is wrong."}]'
    merchant.world.set_fault(Fault("connection", status=400, body=body))
    missing = '[{"status": 400, "message": "Required fields missing [pass_phrase]"}]'
    merchant.world.set_fault(Fault("connection", status=400, body=missing))

    page = said(merchant.send("endicia"))

    assert "400 Your passphrase is wrong." in page
    assert "says it is missing" not in page


def test_a_closed_store_is_not_shown_as_wrong_details(merchant: Browser) -> None:
    merchant.world.set_fault(Fault("connection", status=404, times=None))

    page = said(merchant.send("zoom2u"))

    assert "The store may be closed or suspended." in page


@pytest.mark.both_databases("writes")
def test_a_send_after_a_disconnect_is_shown_as_a_first_one(merchant: Browser) -> None:
    merchant.send("zoom2u")
    merchant.disconnect("zoom2u")

    response = merchant.send("zoom2u")

    assert response.headers["Location"] == "/carriers/zoom2u?notice=sent"
