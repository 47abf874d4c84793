# SPDX-License-Identifier: GPL-2.0-only
"""What programs of cases have in common: ADDRESS EXPORT DIRECTORY [PREFIX [CASE...]].

EXPORT is DIRECTORY, which the program has a file or a directory of its own in for each
case.  (waiting.py has the kind of filesystem for EXPORT: its exports are its own.)
"""
import sys

from p9 import CASES, Report, case, run_cases

address, export, top = sys.argv[1:4]
report = Report(sys.argv[4] if len(sys.argv) > 4 else "")


def run(make):
    """Those that were asked for, or all; each gets what @make returns.  Does not return."""
    run_cases({name: CASES[name] for name in sys.argv[5:] or CASES}, report, make)
    sys.exit(report.failed)
