"""The response of `GET /v2/store`, with the fields of the Store Information reference."""

from typing import Any

from sandbox.world import SandboxStore

# UTC offsets in seconds, standard and summer time; constants, as a machine may lack tzdata.
UTC_OFFSETS = {"Australia/Sydney": (36000, 39600), "Europe/London": (0, 3600)}
CURRENCIES = {"AU": ("AUD", "$"), "GB": ("GBP", "£")}


def store_information(store: SandboxStore) -> dict[str, Any]:
    return {**_identity(store), **_location(store), **_currency_and_units(store), **_plan(store)}


def _identity(store: SandboxStore) -> dict[str, Any]:
    domain = f"store-{store.store_hash}.mybigcommerce.com"
    owner = next(person for person in store.people if person.role == "owner")
    return {
        "id": store.store_hash,
        "account_uuid": "3f0b9d4e-6c1a-4b8e-9a55-2d7c10e4f6aa",
        "domain": domain,
        "secure_url": f"https://{domain}",
        "control_panel_base_url": f"https://{domain}",
        "status": "live",
        "name": store.name,
        "first_name": "Robin",
        "last_name": "Owner",
        "admin_email": owner.email,
        "order_email": owner.email,
        "favicon_url": "",
        "logo": [],  # an empty array, not an object, if the store has no logo
        "store_id": sum(store.store_hash.encode()),
    }


def _location(store: SandboxStore) -> dict[str, Any]:
    raw_offset, dst_offset = UTC_OFFSETS.get(store.timezone, (0, 0))
    return {
        "address": "",
        "phone": "",
        "country": store.country,
        "country_code": store.country_code,
        "infrastructure_region": "us-central1",
        "timezone": {
            "name": store.timezone,
            "raw_offset": raw_offset,
            "dst_offset": dst_offset,
            "dst_correction": raw_offset != dst_offset,
            "date_format": {
                "display": "M jS Y",
                "export": "M jS Y",
                "extended_display": "M jS Y @ g:i A",
            },
        },
        "language": "en",
    }


def _currency_and_units(store: SandboxStore) -> dict[str, Any]:
    currency, symbol = CURRENCIES[store.country_code]
    return {
        "currency": currency,
        "currency_symbol": symbol,
        "decimal_separator": ".",
        "thousands_separator": ",",
        "decimal_places": 2,
        "currency_symbol_location": "left",
        "weight_units": "KGS",
        "dimension_units": "Centimeters",
        "dimension_decimal_places": 2,
        "dimension_decimal_token": ".",
        "dimension_thousands_token": ",",
        "is_price_entered_with_tax": True,
        "active_comparison_modules": [],
    }


def _plan(store: SandboxStore) -> dict[str, Any]:
    return {
        "plan_name": "Standard",
        "plan_level": "Standard",
        "plan_is_trial": False,
        "industry": "Other",
        "default_channel_id": 1,
        "default_site_id": 1000,
        "features": {
            "stencil_enabled": True,
            "sitewidehttps_enabled": True,
            "facebook_catalog_id": "",
            "checkout_type": "optimized",
            "wishlists_enabled": True,
            "graphql_storefront_api_enabled": True,
            "shopper_consent_tracking_enabled": False,
            "multi_storefront_enabled": False,
            "storefront_limits": {"active": 1, "total_including_inactive": 3},
        },
    }
