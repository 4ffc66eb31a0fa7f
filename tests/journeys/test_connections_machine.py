"""Any sequence of sends, refusals, lost answers and disconnects leaves a true record."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bcapp.config import Config
from bcapp.factory import create_app
from sandbox.faults import Fault
from sandbox.world import World
from tests.conftest import close
from tests.merchant import Browser, said
from tests.reference import DETAILS

CARRIERS = st.sampled_from(sorted(DETAILS))


@contextmanager
def a_merchant(config: Config, world: World) -> Iterator[Browser]:
    app: Flask = create_app(config)
    app.testing = True
    browser = Browser(app, world, "harbour1", "owner")
    browser.install()
    yield browser
    browser.uninstall()
    close(app)


@pytest.mark.both_databases("writes")
@pytest.mark.settings(LOG_LEVEL="ERROR")
def test_stored_connections_match_bigcommerce_after_any_sequence(
    config: Config, world: World
) -> None:
    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.certain: dict[str, str] = {}
            self.store = world.store("harbour1")
            self.context = a_merchant(config, world)
            self.merchant = self.context.__enter__()
            for carrier_id in DETAILS:
                self.merchant.disconnect(carrier_id)
                self.certain[carrier_id] = "Disconnect sent"

        def teardown(self) -> None:
            world.clear_faults()
            self.context.__exit__(None, None, None)

        @rule(carrier_id=CARRIERS)
        def send(self, carrier_id: str) -> None:
            assert self.merchant.send(carrier_id).status_code == 303
            self.certain[carrier_id] = "Sent"

        @rule(carrier_id=CARRIERS)
        def disconnect(self, carrier_id: str) -> None:
            assert self.merchant.disconnect(carrier_id).status_code == 303
            self.certain[carrier_id] = "Disconnect sent"

        @rule(carrier_id=CARRIERS)
        def send_and_be_refused(self, carrier_id: str) -> None:
            world.set_fault(Fault("connection", status=400, body="[]"))
            assert self.merchant.send(carrier_id).status_code == 422
            self.certain[carrier_id] = "Rejected"

        @rule(carrier_id=CARRIERS, after=st.booleans())
        def send_and_hear_nothing(self, carrier_id: str, after: bool) -> None:
            world.set_fault(Fault("connection", status=500, execute_first=after))
            assert self.merchant.send(carrier_id).status_code == 502
            self.certain[carrier_id] = "No answer"

        @rule(carrier_id=CARRIERS)
        def send_and_be_told_to_wait(self, carrier_id: str) -> None:
            world.set_fault(Fault("connection", status=429))
            assert self.merchant.send(carrier_id).status_code == 503
            # Not carried out, so nothing that was known or unknown before has changed.

        @invariant()
        def the_pages_say_what_is_known(self) -> None:
            page = said(self.merchant.get("/carriers"))
            for carrier_id, badge in self.certain.items():
                assert f"{carrier_id} {badge}" in page
                if badge == "Sent":
                    assert carrier_id in self.store.connections
                if badge == "Disconnect sent":
                    assert carrier_id not in self.store.connections

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
