"""Store information and time, compared with the reference."""

from tests.sandbox.conftest import SendRequest, error_message

# The keys of the response example of Store Information.
STORE_FIELDS = {
    "id", "account_uuid", "domain", "secure_url", "control_panel_base_url", "status", "name",
    "first_name", "last_name", "address", "country", "country_code", "infrastructure_region",
    "phone", "admin_email", "order_email", "favicon_url", "timezone", "language", "currency",
    "currency_symbol", "decimal_separator", "thousands_separator", "decimal_places",
    "currency_symbol_location", "weight_units", "dimension_units", "dimension_decimal_places",
    "dimension_decimal_token", "dimension_thousands_token", "plan_name", "plan_level",
    "plan_is_trial", "industry", "logo", "is_price_entered_with_tax", "store_id",
    "default_channel_id", "default_site_id", "active_comparison_modules", "features",
}  # fmt: skip


def test_store_information_has_the_documented_fields(call_api: SendRequest) -> None:
    store = call_api("GET", "/store").json()

    assert set(store) == STORE_FIELDS
    assert (store["id"], store["name"]) == ("harbour1", "Harbour & Pine Supply")
    assert (store["country_code"], store["timezone"]["name"]) == ("AU", "Australia/Sydney")
    assert store["control_panel_base_url"] == "https://store-harbour1.mybigcommerce.com"


def test_the_time_is_an_integer(call_api: SendRequest) -> None:
    assert isinstance(call_api("GET", "/time").json()["time"], int)


def test_an_unknown_path_gets_404_in_the_v2_error_format(call_api: SendRequest) -> None:
    response = call_api("GET", "/shipping/nothing")

    assert response.status_code == 404
    assert error_message(response) == "Not Found"
