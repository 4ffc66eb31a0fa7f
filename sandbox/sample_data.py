"""Sample zones and methods of the two stores."""

from typing import Any

COUNTRY_ZONES = {
    "AU": ("Australia", "AU", "New Zealand", "NZ", "Tasmania and remote", "7000"),
    "GB": ("United Kingdom", "GB", "Ireland", "IE", "Highlands and islands", "IV1 1AA"),
}


def zones(country_code: str, count: int) -> list[dict[str, Any]]:
    """Return `count` zones with ids from 1; ids are unique within one store only."""
    home, home_code, abroad, abroad_code, remote, postcode = COUNTRY_ZONES[country_code]
    first = [
        zone(1, home, "country", [{"id": 1, "country_iso2": home_code}]),
        zone(2, abroad, "country", [{"id": 2, "country_iso2": abroad_code}]),
        zone(3, remote, "zip", [{"id": 3, "zip": postcode, "country_iso2": home_code}]),
        zone(4, "Rest of the world", "global", [], enabled=False),
    ]
    more = [
        zone(number, f"Postcode area {number}", "zip",
             [{"id": number, "zip": f"{3000 + number}", "country_iso2": home_code}])
        for number in range(5, count + 1)
    ]  # fmt: skip
    return [*first, *more][:count]


def zone(
    zone_id: int, name: str, zone_type: str, locations: list[dict[str, Any]], enabled: bool = True
) -> dict[str, Any]:
    return {
        "id": zone_id,
        "name": name,
        "type": zone_type,
        "locations": locations,
        "free_shipping": {
            "enabled": False,
            "minimum_sub_total": "0.0000",
            "exclude_fixed_shipping_products": False,
        },
        "handling_fees": {"fixed_surcharge": "0", "display_separately": False},
        "enabled": enabled,
    }


def flat_rate(method_id: int) -> dict[str, Any]:
    return {
        "id": method_id,
        "name": "Flat rate",
        "type": "perorder",
        "settings": {"rate": 12},
        "enabled": True,
        "handling_fees": {"fixed_surcharge": "0"},
        "is_fallback": False,
        "channel_ids": [1],
    }
