"""Carriers: what each one asks for. Custom ones belong to a store and live in `connections`."""

from bcapp.carriers.fields import Carrier
from bcapp.carriers.table import CARRIERS

_BY_ID = {carrier.id: carrier for carrier in CARRIERS}


def get(carrier_id: str) -> Carrier | None:
    return _BY_ID.get(carrier_id)


def offered(country: str | None = None) -> list[Carrier]:
    """All of them, those that stores of that country most likely want first.

    The country orders and never hides: it is where the store signed up, not where it ships from.
    """
    return sorted(CARRIERS, key=lambda carrier: country not in carrier.home)
