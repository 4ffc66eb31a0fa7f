"""The activity log, paged."""

import re
from datetime import UTC

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from bcapp import activity
from bcapp.runtime import db
from bcapp.views.guard import query, timezone, visit
from bcapp.wording.activity import activity_line

_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,6}")

bp = Blueprint("activity_page", __name__)


@bp.get("/activity")
def index() -> ResponseReturnValue:
    number = query().get("page", "1")
    if not _PAGE_NUMBER.fullmatch(number):
        abort(404)
    page = activity.page(db(), visit().store.id, int(number))
    if page.number > 1 and not page.entries:
        abort(404)
    return render_template(
        "activity/activity.html",
        entries=[activity_line(entry) for entry in page.entries],
        page=page,
        timezone=None if timezone() is UTC else str(timezone()),
    )
