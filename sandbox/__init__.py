"""BigCommerce for people without an account, and the double the app's tests run against.

A program of its own: it knows BigCommerce's documents and nothing of the app. The two meet only
over HTTP, through addresses in the environment, as the app meets the real BigCommerce.

| imitated                         | from                                                         |
|----------------------------------|--------------------------------------------------------------|
| install, token exchange          | Apps guide: auth callback, buttons; reported error bodies    |
| signed payload of the callbacks  | Apps guide: callbacks, users                                 |
| carrier connection               | Shipping V2 reference: Create, Update, Delete Carrier        |
|                                  | Connection                                                   |
| zones and methods                | Shipping V2 reference: Shipping Zones, Shipping Method       |
| App SDK: log-out, address        | Apps guide: UI, App SDK                                      |
| store, time                      | Store Information V2 reference                               |
| error bodies, rate-limit headers | About our APIs: status codes, rate limits                    |

Not imitated: carriers (nothing asks them for a rate, so wrong details are only noted), enforcement
of the rate limit, expiry of unused codes, webhooks, catalogue, carts, and every V3 endpoint.
Where the documents are silent the module that had to choose says so.
"""
