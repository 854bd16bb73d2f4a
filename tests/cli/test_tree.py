from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyinet.cli.names import RefusedNameError
from pyinet.cli.tree import OutputTree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def tree(root: Path) -> OutputTree:
    return OutputTree(root, refuse_existing=False)


def test_the_directories_of_a_row_are_made_and_no_file(tree: OutputTree, root: Path) -> None:
    assert tree.place("a/b/c.txt") == str(root / "a" / "b" / "c.txt")
    assert list((root / "a" / "b").iterdir()) == []


@pytest.mark.parametrize("name", ["link/a", "link/a/b"])
def test_a_linked_directory_that_leads_out_is_refused(tree: OutputTree, root: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "link").symlink_to(outside)

    with pytest.raises(RefusedNameError, match="leads out"):
        tree.place(name)
    assert list(outside.iterdir()) == []


def test_a_dangling_link_that_leads_out_is_refused(tree: OutputTree, root: Path, tmp_path: Path) -> None:
    (root / "link").symlink_to(tmp_path / "missing")

    with pytest.raises(RefusedNameError, match="leads out"):
        tree.place("link/a")
    assert not (tmp_path / "missing").exists()


def test_links_in_a_circle_are_refused(tree: OutputTree, root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")

    with pytest.raises(RefusedNameError, match="cannot make"):
        tree.place("a/c")


def test_a_linked_directory_that_stays_inside_is_used(tree: OutputTree, root: Path) -> None:
    (root / "real").mkdir()
    (root / "link").symlink_to("real")

    assert tree.place("link/a") == str(root / "link" / "a")


def test_the_output_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")

    OutputTree(tmp_path / "out", refuse_existing=False).place("a/b")

    assert (tmp_path / "real" / "a").is_dir()


def test_a_name_that_is_a_directory_is_refused(tree: OutputTree, root: Path) -> None:
    (root / "a").mkdir()

    with pytest.raises(RefusedNameError, match="is a directory"):
        tree.place("a")


def test_a_directory_that_is_a_file_is_refused(tree: OutputTree, root: Path) -> None:
    (root / "a").write_text("")

    with pytest.raises(RefusedNameError, match="cannot make the directory"):
        tree.place("a/b")


def test_a_name_too_long_for_the_disk_is_refused(tree: OutputTree) -> None:
    with pytest.raises(RefusedNameError, match="cannot use"):
        tree.place("a" * 300)


def test_existing_files_are_kept_on_request(root: Path) -> None:
    tree = OutputTree(root, refuse_existing=True)
    (root / "a").write_text("")
    (root / "dangling").symlink_to("missing")

    for name in ("a", "dangling"):
        with pytest.raises(RefusedNameError, match="exists already"):
            tree.place(name)
    assert tree.place("b") == str(root / "b")


def test_existing_files_are_replaced_otherwise(tree: OutputTree, root: Path) -> None:
    (root / "a").write_text("")

    assert tree.place("a") == str(root / "a")
