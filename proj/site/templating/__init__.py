"""The project's templates as Python functions, one for each language; decision 0085 has the reasons.

`loader.py` is the engine's loader, `compiled.py` chooses the function of a rendering, `source.py` writes it
by the rules of `code.py`, and `support.py` and `variables_internals.py` have the functions that it calls.
"""
