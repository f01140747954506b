"""The survey behind `manage.py bring_over`: it reads a tree of Channels 1.x code and never imports it.

The standard library is all that these modules need, so that the command runs where no routing is named.
"""
