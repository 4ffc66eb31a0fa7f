"""Look up carriers. Custom carriers belong to a store, see `connections`."""

from bcapp.carriers.catalog import CARRIERS
from bcapp.carriers.fields import Carrier

_BY_ID = {carrier.id: carrier for carrier in CARRIERS}


def get(carrier_id: str) -> Carrier | None:
    return _BY_ID.get(carrier_id)


def offered(country: str | None = None) -> list[Carrier]:
    """List the catalog, with the carriers that stores of that country most likely want first.

    The country only sorts: it is where the store signed up, not where it ships from.
    """

    def rank(carrier: Carrier) -> tuple[bool, int]:
        # A carrier of this country alone comes before one of several.
        return country not in carrier.home, len(carrier.home) if country in carrier.home else 0

    return sorted(CARRIERS, key=rank)
