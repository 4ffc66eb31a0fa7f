"""Carriers: what each one asks for. Custom ones belong to a store and live in `connections`."""

from bcapp.carriers.fields import Carrier
from bcapp.carriers.table import CARRIERS

_BY_ID = {carrier.id: carrier for carrier in CARRIERS}


def get(carrier_id: str) -> Carrier | None:
    return _BY_ID.get(carrier_id)


def offered() -> tuple[Carrier, ...]:
    return CARRIERS
