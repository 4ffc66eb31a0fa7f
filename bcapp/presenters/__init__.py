"""Texts for states, answers and errors. A connection is "sent", never more.

BigCommerce answers 204 to working and to wrong credentials, so no text may claim that a connection
works. Green is for what BigCommerce confirmed. Texts are in the reader's language, so they are
never stored, logged or compared.
"""
