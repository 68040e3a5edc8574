"""The code of a recorded commit; where it cannot be had, the note says why."""

from pathlib import Path

import pytest

from housing_sweep.pipeline.trace.checkout import Code, code_at


def test_a_run_without_a_commit_is_built_with_the_installed_code(tmp_path: Path) -> None:
    assert code_at(None, None, tmp_path) == Code(
        None, "installed here (the run was not started in a git checkout)"
    )


@pytest.mark.parametrize("commit", ["0" * 40, "--upload-pack=evil", "HEAD", "abc"])
def test_what_is_no_commit_of_a_checkout_here_is_never_given_to_git_archive(
    commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = code_at(commit, None, tmp_path)
    assert code.root is None
    assert code.note == f"installed here (no checkout here holds commit {commit[:10]})"
    assert list(tmp_path.iterdir()) == []


def test_without_git_the_installed_code_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code_at("a" * 40, None, tmp_path).root is None
