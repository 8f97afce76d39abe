"""Starts the Autobahn test suite out of a folder (Python 2.7). Refuses to know what it is asked to test."""
import site
import sys

# Not PYTHONPATH: a part of the suite is found only in a folder that the interpreter knows as its own.
site.addsitedir(sys.argv.pop(1))

from autobahntestsuite.wstest import run  # noqa: E402

run()
