"""The activity log, paged."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from bcapp import activity
from bcapp.runtime import db
from bcapp.views.guard import timezone, visit
from bcapp.wording.activity import activity_line

_LAST_PAGE = 1_000_000

bp = Blueprint("activity_page", __name__)


@bp.get("/activity")
def index() -> ResponseReturnValue:
    number = request.args.get("page", "1")
    if not number.isascii() or not number.isdigit() or not 1 <= int(number[:9]) <= _LAST_PAGE:
        abort(404)
    page = activity.page(db(), visit().store.id, int(number))
    return render_template(
        "activity/activity.html",
        entries=[activity_line(entry) for entry in page.entries],
        page=page,
        timezone=str(timezone()),
    )
