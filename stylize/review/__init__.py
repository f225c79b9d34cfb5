"""Review page: look at a project in the browser, on this machine.

The routes are thin, and the page keeps no state that the project does not have. Only ``app``, ``gate`` and ``serve``
import the libraries of the extra ``review``.
"""
