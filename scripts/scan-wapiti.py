"""Reads what wapiti found: prints a line for each, and ends with 1 for what is not known to be no finding.

What is suppressed stands here by name, each with the test that shows it to be none.
"""

import json
import sys

# Category and a part of the words, each with the test of tests/suite that shows it to be no finding.
SUPPRESSED = [
    (
        "Secure Flag cookie",
        "Secure flag is not set in the cookie : bh_",
        "sessions: cookies are Secure where public_url is https; the scan's is http on loopback",
    ),
]


def main(path):
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    print(f"{report['infos'].get('crawled_pages_nbr', '?')} pages and forms looked at")
    found = 0
    for kind in ("vulnerabilities", "anomalies"):
        for category, entries in report[kind].items():
            for entry in entries:
                known = next(
                    (test for name, words, test in SUPPRESSED if name == category and words in entry["info"]), None
                )
                line = f"{category}: {entry['method']} {entry['path']} {entry['parameter'] or ''}: {entry['info']}"
                print(f"known to be none ({known}): {line}" if known else f"FOUND {line}")
                found += not known
    return 1 if found else 0


sys.exit(main(sys.argv[1]))
