"""Fields, services and options of each carrier, transcribed from the Shipping V2 reference."""

import re

# Registered shipping providers have the id "carrier_" plus a number assigned by BigCommerce. Only
# BigCommerce and the provider know their settings.
CUSTOM_CARRIER_ID = re.compile(r"carrier_[0-9]+")

# The first is in the Endicia example, the second in its property table.
ENDICIA_PASSPHRASE_FIELDS = ("pass_phrase", "passphrase")

# All properties are required for POST and PUT (Create Carrier Connection, property tables).
# Canada Post and UPS have no connection object: merchants connect them in the control panel only.
CONNECTION_PROPERTIES: dict[str, dict[str, type]] = {
    "auspost": {"auth_key": str, "test_mode": bool},
    "endicia": {"account_id": str, "pass_phrase": str},
    "fedex": {"key": str, "password": str, "account_number": str, "meter_number": str},
    "royalmail": {},
    "zoom2u": {"auth_key": str, "test_mode": bool},
}

ZONE_TYPES = ("zip", "country", "state", "global")

# The reference lists "usps" and "freeshipping" as types but does not describe them.
OTHER_METHOD_TYPES = (
    "perorder", "peritem", "weight", "total", "freeshipping", "usps",
)  # fmt: skip

# Codes are case-sensitive and copied exactly, including AUS_LETTER_REGULAR_Large. In the reference,
# a comma is missing between DOM.PC and DOM.LIB.
DELIVERY_SERVICES: dict[str, tuple[str, ...]] = {
    "auspost": (
        "AUS_LETTER_REGULAR_SMALL", "AUS_LETTER_REGULAR_Large", "AUS_LETTER_EXPRESS_SMALL",
        "AUS_LETTER_EXPRESS_MEDIUM", "AUS_LETTER_EXPRESS_LARGE", "AUS_PARCEL_REGULAR",
        "AUS_PARCEL_REGULAR_SATCHEL_500G", "AUS_PARCEL_REGULAR_SATCHEL_3KG",
        "AUS_PARCEL_REGULAR_SATCHEL_5KG", "AUS_PARCEL_EXPRESS", "AUS_PARCEL_EXPRESS_SATCHEL_500G",
        "AUS_PARCEL_EXPRESS_SATCHEL_3KG", "AUS_PARCEL_EXPRESS_SATCHEL_5KG", "AUS_PARCEL_COURIER",
        "AUS_PARCEL_COURIER_SATCHEL_MEDIUM", "INT_PARCEL_COR_OWN_PACKAGING",
        "INT_PARCEL_EXP_OWN_PACKAGING", "INT_PARCEL_STD_OWN_PACKAGING",
        "INT_PARCEL_AIR_OWN_PACKAGING", "INT_PARCEL_SEA_OWN_PACKAGING",
    ),
    "canadapost": (
        "DOM.RP", "DOM.EP", "DOM.XP", "DOM.XP.CERT", "DOM.PC", "DOM.LIB", "USA.EP", "USA.PW.ENV",
        "USA.PW.PAK", "USA.PW.PARCEL", "USA.SP.AIR", "USA.TP", "USA.TP.LVM", "USA.XP", "INT.XP",
        "INT.IP.AIR", "INT.IP.SURF", "INT.PW.ENV", "INT.PW.PAK", "INT.PW.PARCEL", "INT.SP.AIR",
        "INT.SP.SURF", "INT.TP",
    ),
    "endicia": (
        "PriorityExpress", "PriorityMailExpressInternational",
        "FirstClassPackageInternationalService", "Priority", "PriorityMailInternational", "First",
        "ParcelSelect", "MediaMail",
    ),
    "fedex": (
        "PRIORITY_OVERNIGHT", "STANDARD_OVERNIGHT", "FIRST_OVERNIGHT", "FEDEX_2_DAY",
        "FEDEX_EXPRESS_SAVER", "INTERNATIONAL_PRIORITY", "INTERNATIONAL_ECONOMY",
        "INTERNATIONAL_FIRST", "FEDEX_1_DAY_FREIGHT", "FEDEX_2_DAY_FREIGHT",
        "FEDEX_3_DAY_FREIGHT", "FEDEX_GROUND", "GROUND_HOME_DELIVERY",
        "INTERNATIONAL_PRIORITY_FREIGHT", "INTERNATIONAL_ECONOMY_FREIGHT",
        "EUROPE_FIRST_INTERNATIONAL_PRIORITY",
    ),
    "royalmail": (
        "SpecialDelivery1pm", "SpecialDelivery9am", "SpecialDelivery1pmSaturday",
        "SpecialDelivery9amSaturday", "SignedForFirstClass", "SignedForSecondClass", "Express9",
        "Express10", "ExpressAM", "Express24", "Express48", "StandardFirstClass",
        "StandardSecondClass", "InternationalStandard", "InternationalTracked",
        "InternationalEconomy",
    ),
    "upsready": (
        "2nd_Day_Air", "2nd_Day_Air_AM", "3_Day_Select", "Expedited", "Express", "Express_Plus",
        "Express_Saver", "Express_Early_AM", "Ground", "Next_Day_Air", "Next_Day_Air_Early_AM",
        "Next_Day_Air_Saver", "Saver", "Standard", "Today_Dedicated_Courier", "Today_Express",
        "Today_Express_Saver", "Today_Intercity", "Today_Standard", "Worldwide_Expedited",
        "Worldwide_Express", "Worldwide_Express_Plus", "Worldwide_Express_Saver",
        "Worldwide_Saver",
    ),
    "zoom2u": ("3_hour", "Same_day", "VIP"),
}  # fmt: skip

# The other carrier options: the allowed values, or `bool` for a JSON boolean.
CARRIER_OPTIONS: dict[str, dict[str, tuple[str, ...] | type[bool]]] = {
    "endicia": {
        "packaging_type": (
            "FlatRateLegalEnvelope", "FlatRatePaddedEnvelope", "Parcel", "SmallFlatRateBox",
            "MediumFlatRateBox", "LargeFlatRateBox", "FlatRateEnvelope", "RegionalRateBoxA",
            "RegionalRateBoxB",
        ),
        "show_transit_time": bool,
    },
    "fedex": {
        "dropoff_type": (
            "REGULAR_PICKUP", "REQUEST_COURIER", "DROP_BOX", "BUSINESS_SERVICE_CENTER", "STATION",
        ),
        "packaging_type": (
            "FEDEX_ENVELOPE", "FEDEX_PAK", "FEDEX_BOX", "FEDEX_TUBE", "FEDEX_10KG_BOX",
            "FEDEX_25KG_BOX", "YOUR_PACKAGING",
        ),
        "packing_method": ("SEPARATE", "COMBINED"),
        "rate_type": ("NONE", "LIST"),
        "include_package_value": bool,
        "destination_type": ("residential", "business"),
    },
    "upsready": {
        "packaging_type": (
            "21", "24", "25", "30", "01", "02", "03", "04", "2a", "2b", "2c",
        ),
        "packing_method": ("separate", "combined"),
        "destination_type": ("residential", "business"),
        "include_package_value": bool,
        "show_transit_time": bool,
    },
}  # fmt: skip


def is_custom_carrier(carrier_id: str) -> bool:
    return CUSTOM_CARRIER_ID.fullmatch(carrier_id) is not None


def required_properties(carrier_id: str, endicia_passphrase_field: str) -> dict[str, type]:
    """Return the connection properties of a built-in carrier with their types."""
    properties = CONNECTION_PROPERTIES[carrier_id]
    if carrier_id != "endicia":
        return properties
    return {endicia_passphrase_field if name in ENDICIA_PASSPHRASE_FIELDS else name: kind
            for name, kind in properties.items()}  # fmt: skip


def is_method_type(name: str) -> bool:
    return name in DELIVERY_SERVICES or name in OTHER_METHOD_TYPES or is_custom_carrier(name)
