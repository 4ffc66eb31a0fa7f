"""The carriers that BigCommerce documents: account details, services, options. Data only.

A new carrier is one entry here, and one row in the sandbox's own table.
Properties: "Create Carrier Connection" in BigCommerce's API reference; services: `services`.
"""

from bcapp.carriers import services
from bcapp.carriers.fields import Carrier, password, switch, text

_TEST_MODE = "Turn this off before you sell."

CARRIERS = (
    Carrier(
        "auspost",
        "Australia Post",
        "AP",
        credentials=(
            password("auth_key", "Authorization key", "The API key Australia Post issued to you."),
            switch(
                "test_mode",
                "Test mode",
                f"Ask Australia Post’s test system for rates. {_TEST_MODE}",
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
        # Endicia's words. FedEx calls them the Web Services key and its password.
        credentials=(
            password("key", "Key", "The key FedEx issued for your account."),
            password("password", "Password", "The password that goes with the key."),
            text("account_number", "Account number"),
            text(
                "meter_number",
                "Meter number",
                "FedEx issues it together with your key and password.",
            ),
        ),
        note=(
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
            text("account_id", "Account ID"),
            # The reference contradicts itself: every example sends "pass_phrase", its property
            # table says "passphrase". The example goes first; not tried against a live store.
            password("pass_phrase", "Passphrase", alternative="passphrase"),
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
            password("auth_key", "Authorization key", "The key Zoom2U issued to you."),
            switch("test_mode", "Test mode", f"Ask Zoom2U’s test system for rates. {_TEST_MODE}"),
        ),
        home=("AU",),
        services=services.ZOOM2U,
    ),
    # BigCommerce's API has no connection for these two: the merchant connects them in the control
    # panel. Their shipping methods can be switched here all the same.
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
