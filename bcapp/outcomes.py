"""Outcome of a request to BigCommerce, and the reason for a failure, as stored in the log."""

import enum


class Outcome(enum.StrEnum):
    """How a request ended, as far as we know."""

    DONE = "done"  # needed no answer from BigCommerce
    SENT = "sent"  # accepted; for a connection that says nothing about its credentials
    CONFIRMED = "confirmed"  # BigCommerce returned what it had saved
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"  # it may or may not have arrived
    NOT_SENT = "not_sent"  # certainly not carried out
    ACCESS_REVOKED = "access_revoked"


class Reason(enum.StrEnum):
    """Why a request did not succeed."""

    REFUSED = "refused"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"  # by this app, before BigCommerce was asked
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server_error"
    UNREADABLE = "unreadable"
    UNCONFIRMED = "unconfirmed"
    CREATION_PENDING = "creation_pending"
    ACCESS_REVOKED = "access_revoked"
