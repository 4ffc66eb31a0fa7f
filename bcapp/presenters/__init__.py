"""The words for states, answers and errors. A connection is "sent", never more than that.

BigCommerce answers 204 to working and wrong credentials alike, so no word here may claim that a
connection works. Green is kept for what BigCommerce confirmed.

Every word here is in the reader's language, so none of it may be stored, logged or compared.
"""
