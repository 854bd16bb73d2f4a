from __future__ import annotations

import sys

import pytest

from pyinet import __main__


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_packages_one_line_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)

    assert __main__.main() == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"pyinet: the command line needs {missing}: pip install 'pyinet[cli]'\n"
