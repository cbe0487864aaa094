from pathlib import Path

from pytest_django import Settings

from attendance_site.static_files import Storage


def test_only_what_pages_name_is_compressed(settings: Settings, tmp_path: Path) -> None:
    settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS = None
    storage = Storage(location=tmp_path)
    storage.hashed_files = {"a.js": "a.0123.js", "a.js.map": "a.js.0123.map"}
    names = ["a.js", "a.0123.js", "a.js.map", "a.js.0123.map"]
    for name in names:
        (tmp_path / name).write_text("the same again, " * 100)
    assert sorted(storage.compress_files(names)) == [("a.0123.js", "a.0123.js.br"), ("a.0123.js", "a.0123.js.gz")]
