"""Store why and when an attempt ended in columns; `detail` keeps BigCommerce's own words only."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_COLUMNS = {
    "reason": sa.String(40),
    "waited_seconds": sa.Integer(),
    "settled_at": sa.DateTime(timezone=True),
}

# The first match wins. In "Timed out after 25 seconds" the number starts at character 17.
_TIMED_OUT = "detail LIKE 'Timed out after %'"
_UNANSWERED = "outcome IN ('no_answer', 'not_sent') AND settled_at IS NOT NULL"
_REASONS = (
    ("access_revoked", "outcome = 'access_revoked'"),
    ("not_found", "outcome = 'rejected' AND status = 404"),
    ("conflict", "outcome = 'rejected' AND status = 409"),
    ("refused", "outcome = 'rejected'"),
    ("rate_limited", "outcome = 'not_sent' AND status = 429"),
    ("creation_pending", "outcome = 'not_sent' AND detail = 'Waiting for an earlier request'"),
    ("timed_out", f"{_UNANSWERED} AND {_TIMED_OUT}"),
    ("unreachable", f"{_UNANSWERED} AND detail = 'Nothing came back'"),
    ("server_error", f"{_UNANSWERED} AND status >= 500"),
    ("unreadable", f"{_UNANSWERED} AND status IS NOT NULL"),
)
_SECONDS = "CAST(REPLACE(REPLACE(SUBSTR(detail, 17), ' seconds', ''), ' second', '') AS INTEGER)"
_SENTENCES = "detail = 'Waiting for an earlier request' OR detail = 'Nothing came back'"


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("activity_entries", sa.Column(name, kind))
    # Pending entries have neither a status nor a detail.
    op.execute(
        "UPDATE activity_entries SET settled_at = at "
        "WHERE NOT (outcome = 'no_answer' AND status IS NULL AND detail = '')"
    )
    for reason, condition in _REASONS:
        op.execute(
            f"UPDATE activity_entries SET reason = '{reason}' "  # noqa: S608 - constants
            f"WHERE reason IS NULL AND {condition}"
        )
    op.execute(
        f"UPDATE activity_entries SET waited_seconds = {_SECONDS}, detail = '' "  # noqa: S608
        "WHERE reason = 'timed_out'"
    )
    op.execute(
        f"UPDATE activity_entries SET detail = '' WHERE {_UNANSWERED} AND ({_SENTENCES})"  # noqa: S608
    )


def downgrade() -> None:
    # The older code compares these sentences.
    op.execute(
        "UPDATE activity_entries SET detail = 'Timed out after ' || waited_seconds || "
        "CASE WHEN waited_seconds = 1 THEN ' second' ELSE ' seconds' END "
        "WHERE waited_seconds IS NOT NULL"
    )
    for sentence, reason in (
        ("Nothing came back", "unreachable"),
        ("Waiting for an earlier request", "creation_pending"),
    ):
        op.execute(
            f"UPDATE activity_entries SET detail = '{sentence}' "  # noqa: S608 - constants
            f"WHERE reason = '{reason}'"
        )
    for name in reversed(_COLUMNS):
        op.drop_column("activity_entries", name)
