"""The carriers that BigCommerce documents: account details, services, options. Data only.

A new carrier is one entry here and one row in the sandbox's own table. Properties are from "Create
Carrier Connection" in BigCommerce's API reference; for services see `services`.
"""

from bcapp.carriers import services
from bcapp.carriers.fields import Carrier, password, switch, text
from bcapp.language import lazy_gettext as _

CARRIERS = (
    Carrier(
        "auspost",
        "Australia Post",
        "AP",
        credentials=(
            password(
                "auth_key",
                _("Authorization key"),
                _("The API key Australia Post issued to you."),
            ),
            switch(
                "test_mode",
                _("Test mode"),
                _("Ask Australia Post’s test system for rates. Turn this off before you sell."),
            ),
        ),
        home=("AU",),
        services=services.AUSPOST,
    ),
    Carrier(
        "fedex",
        "FedEx",
        "FX",
        # The reference describes `key` as account ID and `password` as passphrase, which are
        # Endicia's terms. FedEx calls them the Web Services key and its password.
        credentials=(
            password("key", _("Key"), _("The key FedEx issued for your account.")),
            password("password", _("Password"), _("The password that goes with the key.")),
            text("account_number", _("Account number")),
            text(
                "meter_number",
                _("Meter number"),
                _("FedEx issues it together with your key and password."),
            ),
        ),
        note=_(
            "FedEx is replacing the kind of account these details belong to. If FedEx gave you "
            "an API key and a secret key instead, BigCommerce’s API has no place for them yet: "
            "connect FedEx in BigCommerce under Settings › Setup › Shipping, then come back "
            "for zones."
        ),
        home=("US", "GB"),
        services=services.FEDEX,
        options=services.FEDEX_OPTIONS,
    ),
    Carrier("royalmail", "Royal Mail", "RM", home=("GB",), services=services.ROYALMAIL),
    Carrier(
        "endicia",
        "USPS via Endicia",
        "US",
        credentials=(
            text("account_id", _("Account ID")),
            # The reference contradicts itself: its examples send "pass_phrase", its property table
            # says "passphrase". We try the example first; not tried against a live store.
            password("pass_phrase", _("Passphrase"), alternative="passphrase"),
        ),
        home=("US",),
        services=services.ENDICIA,
        options=services.ENDICIA_OPTIONS,
    ),
    Carrier(
        "zoom2u",
        "Zoom2U",
        "Z2",
        credentials=(
            password("auth_key", _("Authorization key"), _("The key Zoom2U issued to you.")),
            switch(
                "test_mode",
                _("Test mode"),
                _("Ask Zoom2U’s test system for rates. Turn this off before you sell."),
            ),
        ),
        home=("AU",),
        services=services.ZOOM2U,
    ),
    # BigCommerce's API cannot connect these two: the merchant does that in the control panel. Their
    # shipping methods can be changed here.
    Carrier(
        "canadapost",
        "Canada Post",
        "CP",
        home=("CA",),
        connectable=False,
        services=services.CANADAPOST,
    ),
    Carrier(
        "upsready",
        "UPS",
        "UP",
        home=("US",),
        connectable=False,
        services=services.UPS,
        options=services.UPS_OPTIONS,
    ),
)
