import re
from pathlib import Path

from django.contrib.staticfiles.finders import get_finders
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


def test_scripts_have_their_parts_inside_and_name_others_by_their_content(tmp_path: Path) -> None:
    paths = {
        name: (source, name)
        for finder in get_finders()
        for name, source in finder.list([])
        if name.startswith("absences/") and name.endswith(".js")
    }
    storage = Storage(location=tmp_path)
    for name, (source, _) in paths.items():
        with source.open(name) as file:
            storage.save(name, file)
    assert not [error for _, _, error in storage.post_process(paths) if isinstance(error, Exception)]
    assert "absences/attendance.js" in storage.hashed_files
    assert "absences/register/row.js" not in storage.hashed_files
    assert not (tmp_path / "absences/register/row.js").exists()
    for name in storage.hashed_files.values():
        text = (tmp_path / name).read_text()
        assert "/**" not in text
        for url in re.findall(r'"(\./[^"]+)"', text):
            assert re.search(r"\.[0-9a-f]{12}\.js$", url), f"{name} imports {url}"
            assert (tmp_path / "absences" / url).exists(), f"{name} imports {url}"
