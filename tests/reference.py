"""The example requests of BigCommerce's API reference, for every client of the tests.

Transcribed from "Create Carrier Connection" (Shipping V2, Shipping Carrier). A carrier of the
catalog that is missing here fails `tests/test_carriers.py`.
"""

# Per carrier and property: its kind and the example's value. Secrets are never shown again.
EXAMPLES: dict[str, dict[str, tuple[str, str | bool]]] = {
    "auspost": {
        "auth_key": ("secret", "yourAusPostAuthKey"),
        "test_mode": ("boolean", False),
    },
    "endicia": {
        "account_id": ("text", "yourEndiciaAccountId"),
        "pass_phrase": ("secret", "yourEndiciaPassphrase"),
    },
    "fedex": {
        "key": ("secret", "yourFedexKey"),
        "password": ("secret", "yourFedexPassword"),
        "account_number": ("text", "yourFedexAccountNumber"),
        "meter_number": ("text", "yourFedexMeterNumber"),
    },
    "royalmail": {},
    "zoom2u": {
        "auth_key": ("secret", "yourZoom2uAuthKey"),
        "test_mode": ("boolean", False),
    },
}

CONNECTIONS = {
    carrier_id: {name: value for name, (_kind, value) in properties.items()}
    for carrier_id, properties in EXAMPLES.items()
}

REFERENCE_BODIES = {
    carrier_id: {"carrier_id": carrier_id, "connection": connection}
    for carrier_id, connection in CONNECTIONS.items()
}

# What a merchant types who leaves every switch alone.
DETAILS = {
    carrier_id: {name: value for name, value in connection.items() if isinstance(value, str)}
    for carrier_id, connection in CONNECTIONS.items()
}
