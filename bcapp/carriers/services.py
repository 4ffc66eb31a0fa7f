"""Delivery services and other options of the carriers' shipping methods. Data only.

Codes and values are copied exactly from "Create a Shipping Method" in BigCommerce's API reference,
odd spellings included, since BigCommerce compares case. Labels are ours and translated, except for
product names.
"""

from bcapp.carriers.fields import MethodOption
from bcapp.language import lazy_gettext as _

AUSPOST = {
    "Parcel Post": {
        "AUS_PARCEL_REGULAR": "Parcel Post",
        "AUS_PARCEL_REGULAR_SATCHEL_500G": _("Satchel, 500 g"),
        "AUS_PARCEL_REGULAR_SATCHEL_3KG": _("Satchel, 3 kg"),
        "AUS_PARCEL_REGULAR_SATCHEL_5KG": _("Satchel, 5 kg"),
    },
    "Express Post": {
        "AUS_PARCEL_EXPRESS": "Express Post",
        "AUS_PARCEL_EXPRESS_SATCHEL_500G": _("Satchel, 500 g"),
        "AUS_PARCEL_EXPRESS_SATCHEL_3KG": _("Satchel, 3 kg"),
        "AUS_PARCEL_EXPRESS_SATCHEL_5KG": _("Satchel, 5 kg"),
    },
    _("Courier"): {
        "AUS_PARCEL_COURIER": "Courier Post",
        "AUS_PARCEL_COURIER_SATCHEL_MEDIUM": _("Courier satchel, medium"),
    },
    _("Letters"): {
        "AUS_LETTER_REGULAR_SMALL": _("Regular, small"),
        # Mixed case, as in the reference.
        "AUS_LETTER_REGULAR_Large": _("Regular, large"),
        "AUS_LETTER_EXPRESS_SMALL": _("Express, small"),
        "AUS_LETTER_EXPRESS_MEDIUM": _("Express, medium"),
        "AUS_LETTER_EXPRESS_LARGE": _("Express, large"),
    },
    _("International"): {
        "INT_PARCEL_COR_OWN_PACKAGING": _("Courier"),
        "INT_PARCEL_EXP_OWN_PACKAGING": _("Express"),
        "INT_PARCEL_STD_OWN_PACKAGING": _("Standard"),
        "INT_PARCEL_AIR_OWN_PACKAGING": _("Economy air"),
        "INT_PARCEL_SEA_OWN_PACKAGING": _("Economy sea"),
    },
}

FEDEX = {
    _("Overnight"): {
        "FIRST_OVERNIGHT": "First Overnight",
        "PRIORITY_OVERNIGHT": "Priority Overnight",
        "STANDARD_OVERNIGHT": "Standard Overnight",
    },
    _("Two and three day"): {
        "FEDEX_2_DAY": "2Day",
        "FEDEX_EXPRESS_SAVER": "Express Saver",
    },
    _("Ground"): {
        "FEDEX_GROUND": "Ground",
        "GROUND_HOME_DELIVERY": "Home Delivery",
    },
    _("International"): {
        "INTERNATIONAL_FIRST": "International First",
        "INTERNATIONAL_PRIORITY": "International Priority",
        "INTERNATIONAL_ECONOMY": "International Economy",
        "EUROPE_FIRST_INTERNATIONAL_PRIORITY": "Europe First International Priority",
    },
    _("Freight"): {
        "FEDEX_1_DAY_FREIGHT": "1Day Freight",
        "FEDEX_2_DAY_FREIGHT": "2Day Freight",
        "FEDEX_3_DAY_FREIGHT": "3Day Freight",
        "INTERNATIONAL_PRIORITY_FREIGHT": "International Priority Freight",
        "INTERNATIONAL_ECONOMY_FREIGHT": "International Economy Freight",
    },
}

_DESTINATION = MethodOption(
    "destination_type",
    _("Destination"),
    {"residential": _("Residential address"), "business": _("Business address")},
)
_DECLARED_VALUE = MethodOption("include_package_value", _("Declare the value of each package"))
_TRANSIT_TIME = MethodOption("show_transit_time", _("Show the transit time"))

FEDEX_OPTIONS = (
    MethodOption(
        "dropoff_type",
        _("Drop-off"),
        {
            "REGULAR_PICKUP": _("Regular pickup"),
            "REQUEST_COURIER": _("Requested courier"),
            "DROP_BOX": _("Drop box"),
            "BUSINESS_SERVICE_CENTER": _("Business service center"),
            "STATION": _("Station"),
        },
    ),
    MethodOption(
        "packaging_type",
        _("Packaging"),
        {
            "YOUR_PACKAGING": _("Your packaging"),
            "FEDEX_ENVELOPE": "FedEx Envelope",
            "FEDEX_PAK": "FedEx Pak",
            "FEDEX_BOX": "FedEx Box",
            "FEDEX_TUBE": "FedEx Tube",
            "FEDEX_10KG_BOX": "FedEx 10 kg Box",
            "FEDEX_25KG_BOX": "FedEx 25 kg Box",
        },
    ),
    MethodOption(
        "packing_method",
        _("Packing"),
        {"SEPARATE": _("Each item by itself"), "COMBINED": _("Items combined")},
    ),
    MethodOption("rate_type", _("Rates"), {"LIST": _("List rates"), "NONE": _("Account rates")}),
    _DECLARED_VALUE,
    _DESTINATION,
)

ROYALMAIL = {
    "Special Delivery": {
        "SpecialDelivery9am": _("By 9 am"),
        "SpecialDelivery1pm": _("By 1 pm"),
        "SpecialDelivery9amSaturday": _("By 9 am on Saturday"),
        "SpecialDelivery1pmSaturday": _("By 1 pm on Saturday"),
    },
    "Signed For": {
        "SignedForFirstClass": "Signed For 1st Class",
        "SignedForSecondClass": "Signed For 2nd Class",
    },
    _("Express"): {
        "Express9": "Express 9",
        "Express10": "Express 10",
        "ExpressAM": "Express AM",
        "Express24": "Express 24",
        "Express48": "Express 48",
    },
    _("Standard"): {
        "StandardFirstClass": "1st Class",
        "StandardSecondClass": "2nd Class",
    },
    _("International"): {
        "InternationalStandard": "International Standard",
        "InternationalTracked": "International Tracked",
        "InternationalEconomy": "International Economy",
    },
}

# The names predate July 2023, when USPS renamed its services. Which of them BigCommerce accepts
# today is unknown.
ENDICIA = {
    _("Domestic"): {
        "First": "First-Class",
        "Priority": "Priority Mail",
        "PriorityExpress": "Priority Mail Express",
        "ParcelSelect": "Parcel Select",
        "MediaMail": "Media Mail",
    },
    _("International"): {
        "FirstClassPackageInternationalService": "First-Class Package International",
        "PriorityMailInternational": "Priority Mail International",
        "PriorityMailExpressInternational": "Priority Mail Express International",
    },
}

ENDICIA_OPTIONS = (
    # An array in the reference's table, a string in its example; we send a string.
    MethodOption(
        "packaging_type",
        _("Packaging"),
        {
            "Parcel": _("Parcel"),
            "FlatRateEnvelope": "Flat Rate Envelope",
            "FlatRateLegalEnvelope": "Flat Rate Legal Envelope",
            "FlatRatePaddedEnvelope": "Flat Rate Padded Envelope",
            "SmallFlatRateBox": "Small Flat Rate Box",
            "MediumFlatRateBox": "Medium Flat Rate Box",
            "LargeFlatRateBox": "Large Flat Rate Box",
            "RegionalRateBoxA": "Regional Rate Box A",
            "RegionalRateBoxB": "Regional Rate Box B",
        },
    ),
    _TRANSIT_TIME,
)

ZOOM2U = {"": {"3_hour": _("3 hour"), "Same_day": _("Same day"), "VIP": "VIP"}}

CANADAPOST = {
    _("Canada"): {
        "DOM.RP": "Regular Parcel",
        "DOM.EP": "Expedited Parcel",
        "DOM.XP": "Xpresspost",
        "DOM.XP.CERT": "Xpresspost Certified",
        "DOM.PC": "Priority",
        "DOM.LIB": "Library Materials",
    },
    _("United States"): {
        "USA.EP": "Expedited Parcel USA",
        "USA.XP": "Xpresspost USA",
        "USA.SP.AIR": "Small Packet USA Air",
        "USA.TP": "Tracked Packet USA",
        "USA.TP.LVM": "Tracked Packet USA, large volume",
        "USA.PW.ENV": "Priority Worldwide envelope",
        "USA.PW.PAK": "Priority Worldwide pak",
        "USA.PW.PARCEL": "Priority Worldwide parcel",
    },
    _("International"): {
        "INT.XP": "Xpresspost International",
        "INT.IP.AIR": "International Parcel, air",
        "INT.IP.SURF": "International Parcel, surface",
        "INT.SP.AIR": "Small Packet International, air",
        "INT.SP.SURF": "Small Packet International, surface",
        "INT.TP": "Tracked Packet International",
        "INT.PW.ENV": "Priority Worldwide envelope",
        "INT.PW.PAK": "Priority Worldwide pak",
        "INT.PW.PARCEL": "Priority Worldwide parcel",
    },
}

UPS = {
    _("Domestic"): {
        "Ground": "Ground",
        "3_Day_Select": "3 Day Select",
        "2nd_Day_Air": "2nd Day Air",
        "2nd_Day_Air_AM": "2nd Day Air A.M.",
        "Next_Day_Air_Saver": "Next Day Air Saver",
        "Next_Day_Air": "Next Day Air",
        "Next_Day_Air_Early_AM": "Next Day Air Early A.M.",
    },
    _("Express and standard"): {
        "Standard": "Standard",
        "Saver": "Saver",
        "Expedited": "Expedited",
        "Express_Saver": "Express Saver",
        "Express": "Express",
        "Express_Plus": "Express Plus",
        "Express_Early_AM": "Express Early A.M.",
    },
    _("Worldwide"): {
        "Worldwide_Saver": "Worldwide Saver",
        "Worldwide_Expedited": "Worldwide Expedited",
        "Worldwide_Express_Saver": "Worldwide Express Saver",
        "Worldwide_Express": "Worldwide Express",
        "Worldwide_Express_Plus": "Worldwide Express Plus",
    },
    "Today": {
        "Today_Standard": "Today Standard",
        "Today_Express_Saver": "Today Express Saver",
        "Today_Express": "Today Express",
        "Today_Intercity": "Today Intercity",
        "Today_Dedicated_Courier": "Today Dedicated Courier",
    },
}

UPS_OPTIONS = (
    MethodOption(
        "packaging_type",
        _("Packaging"),
        {
            "02": _("Customer supplied package"),
            "01": _("Letter"),
            "03": _("Tube"),
            "04": "PAK",
            "21": "Express Box",
            "24": "25 kg Box",
            "25": "10 kg Box",
            "30": _("Pallet"),
            "2a": "Small Express Box",
            "2b": "Medium Express Box",
            "2c": "Large Express Box",
        },
    ),
    # Lower case, unlike FedEx's.
    MethodOption(
        "packing_method",
        _("Packing"),
        {"separate": _("Each item by itself"), "combined": _("Items combined")},
    ),
    _DESTINATION,
    _DECLARED_VALUE,
    _TRANSIT_TIME,
)
