"""The activity log, filtered and paged."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from bcapp import activity, connections
from bcapp.activity import Filters
from bcapp.language import gettext as _
from bcapp.outcomes import Outcome
from bcapp.presenters.activity import activity_line, period_label, result_labels
from bcapp.runtime import db
from bcapp.views.request_context import query, timezone
from bcapp.views.session import current_session

_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
_PERIODS = {"7": 7, "30": 30, "90": 90, "all": None}  # days
_UNFILTERED = {"carrier": "", "result": "", "period": "all"}
_AT_FIRST = _UNFILTERED | {"period": "30"}

bp = Blueprint("activity", __name__)


@bp.get("/activity")
def index() -> ResponseReturnValue:
    number = query().get("page", "1")
    if not _PAGE_NUMBER.fullmatch(number):
        abort(404)
    choices = _choices()
    chosen = {name: query().get(name) or _AT_FIRST[name] for name in choices}
    if any(chosen[name] not in choices[name] for name in choices):
        abort(404)  # ignoring an unknown filter would show misleading results
    page = activity.load_page(db(), current_session().store.id, int(number), _filters(chosen))
    if page.number > 1 and not page.entries:
        abort(404)
    return render_template(
        "activity/activity.html",
        entries=[activity_line(entry) for entry in page.entries],
        page=page,
        timezone=None if timezone() is UTC else str(timezone()),
        choices={name: list(labels.items()) for name, labels in choices.items()},
        chosen=chosen,
        kept={name: value for name, value in chosen.items() if value != _AT_FIRST[name]},
        filtered=chosen != _UNFILTERED,
    )


def _choices() -> dict[str, dict[str, str]]:
    """Return the filters by query parameter: value → label."""
    store = current_session().store
    listed = connections.carriers_for_store(
        connections.load_for_store(db(), store.id), store.country_code
    )
    return {
        "carrier": {"": _("All carriers"), **{carrier.id: carrier.name for carrier in listed}},
        "result": {"": _("All results"), **result_labels()},
        "period": {name: period_label(days) for name, days in _PERIODS.items()},
    }


def _filters(chosen: Mapping[str, str]) -> Filters:
    days = _PERIODS[chosen["period"]]
    return Filters(
        carrier_id=chosen["carrier"] or None,
        outcome=Outcome(chosen["result"]) if chosen["result"] else None,
        since=datetime.now(UTC) - timedelta(days=days) if days else None,
    )
