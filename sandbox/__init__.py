"""Simulate BigCommerce: for development without an account, and as the tests' double.

A separate program that never imports the app. The two talk over HTTP only, at URLs set in the
environment, like the app and the real BigCommerce.

| simulated                        | source                                                       |
|----------------------------------|--------------------------------------------------------------|
| install, token exchange          | Apps guide: auth callback, buttons; reported error bodies    |
| signed payloads of callbacks     | Apps guide: callbacks, users                                 |
| carrier connections              | Shipping V2 reference: Create, Update, Delete Carrier        |
|                                  | Connection                                                   |
| zones and methods                | Shipping V2 reference: Shipping Zones, Shipping Method       |
| App SDK: logout, URL reports     | Apps guide: UI, App SDK                                      |
| store, time                      | Store Information V2 reference                               |
| error bodies, rate-limit headers | About our APIs: status codes, rate limits                    |

Not simulated: carriers (no rates are requested, so wrong credentials only add a note to the call),
expiry of authorization codes, webhooks, catalog, carts, and all V3 endpoints. Rate limits are
enforced only if a test asks for it. Where BigCommerce's documentation is silent, the code states
what the sandbox does.
"""
