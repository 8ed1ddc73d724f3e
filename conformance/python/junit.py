"""Reads test reports as consumers in Python do: junit.py PYTEST-SDIST REPORT...

The sdist of pytest holds the schema of Jenkins' xunit plugin (junit-10.xsd). For every report one line of JSON: what the schema
has against it, and class, name, outcome and message of every test case as junitparser reads them.
"""

import json
import sys
import tarfile

import junitparser
import xmlschema

SCHEMA = "/testing/example_scripts/junit-10.xsd"


def schema(sdist):
    with tarfile.open(sdist) as archive:
        (member,) = [m for m in archive.getmembers() if m.name.endswith(SCHEMA)]
        return xmlschema.XMLSchema(archive.extractfile(member).read().decode())


def cases(path):
    for suite in junitparser.JUnitXml.fromfile(path):
        for case in suite:
            outcomes = case.result or [None]
            for outcome in outcomes:
                name = type(outcome).__name__.lower() if outcome is not None else "passed"
                message = outcome.message if outcome is not None else ""
                yield [case.classname, case.name, name, message]


def main():
    xsd = schema(sys.argv[1])
    for path in sys.argv[2:]:
        wrong = [str(error.reason) for error in xsd.iter_errors(path)]
        print(json.dumps({"wrong": "; ".join(wrong), "entries": list(cases(path))}))


main()
