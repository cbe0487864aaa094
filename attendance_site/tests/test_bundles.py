"""Small modules become few files, and what would change their meaning is an error."""

from collections.abc import Mapping

import pytest

from attendance_site.bundles import BundleError, bundles


def joined(modules: Mapping[str, str]) -> dict[str, str]:
    return bundles(modules, modules.__getitem__)


def test_parts_run_in_the_order_of_their_imports() -> None:
    texts = joined(
        {
            "app/page.js": 'import { b } from "./page/b.js";\nimport "./page/c.js";\nb();\n',
            "app/page/a.js": "export const a = 1;\n",
            "app/page/b.js": 'import { a } from "./a.js";\nexport function b() { return a; }\n',
            "app/page/c.js": 'import {\n  a,\n} from "./a.js";\nlet c = a;\n',
        }
    )
    assert texts == {"app/page.js": "const a = 1;\nfunction b() { return a; }\nlet c = a;\nb();\n"}


def test_a_script_exports_what_it_names_of_its_parts() -> None:
    texts = joined(
        {
            "app/page.js": 'export { a } from "./page/a.js";\nexport const own = 0;\n',
            "app/page/a.js": "export const a = 1;\nexport const hidden = 2;\n",
        }
    )
    assert texts["app/page.js"] == "export const a = 1;\nconst hidden = 2;\nexport const own = 0;\n"


def test_other_scripts_are_imported_once_and_from_where_the_script_is() -> None:
    texts = joined(
        {
            "app/page.js": 'import "./page/a.js";\nimport { y } from "./other.js";\nimport("./later.js");\n',
            "app/page/a.js": 'import { y, x } from "../other.js";\nimport "../bare.js";\nimport("../later.js");\n',
            "app/other.js": "export const x = 1;\nexport const y = 2;\n",
            "app/bare.js": "",
            "app/later.js": "",
        }
    )
    assert texts["app/page.js"] == (
        'import { x, y } from "./other.js";\nimport "./bare.js";\nimport("./later.js");\nimport("./later.js");\n'
    )


@pytest.mark.parametrize(
    ("modules", "error"),
    [
        (
            {"app/a.js": 'import "./p/x.js";\n', "app/b.js": 'import "./p/x.js";\n', "app/p/x.js": ""},
            "app/p/x.js would be sent twice, in app/a.js and in app/b.js.",
        ),
        (
            {
                "app/a.js": 'import "./p/x.js";\n',
                "app/p/x.js": 'import "./y.js";\n',
                "app/p/y.js": 'import "./x.js";\n',
            },
            "app/a.js imports app/p/x.js imports app/p/y.js imports app/p/x.js.",
        ),
        (
            {"app/a.js": 'import "./p/x.js";\nlet find;\n', "app/p/x.js": "const find = 1;\n"},
            "find of app/a.js is also in app/p/x.js, and both are sent in app/a.js.",
        ),
        (
            {
                "app/a.js": 'import "./p/x.js";\nfunction find() {}\n',
                "app/p/x.js": 'import { find } from "../b.js";\n',
                "app/b.js": "export const find = 1;\n",
            },
            "find of app/a.js is also in app/b.js, and both are sent in app/a.js.",
        ),
        (
            {"app/a.js": 'import { gone } from "./p/x.js";\n', "app/p/x.js": "const gone = 1;\n"},
            "app/p/x.js exports no gone.",
        ),
        (
            {"app/a.js": 'export { gone } from "./p/x.js";\n', "app/p/x.js": "const gone = 1;\n"},
            "app/p/x.js exports no gone.",
        ),
        ({"app/p/x.js": ""}, "No script imports app/p/x.js."),
        (
            {"app/a.js": 'import * as x from "./p/x.js";\n', "app/p/x.js": ""},
            'app/a.js: this statement cannot be joined with others: import * as x from "./p/x.js";',
        ),
        (
            {"app/a.js": 'import "./p/x.js";\n', "app/p/x.js": "export default 1;\n"},
            "app/p/x.js: this statement cannot be joined with others: export default 1;",
        ),
    ],
)
def test_what_cannot_be_joined_is_told(modules: Mapping[str, str], error: str) -> None:
    with pytest.raises(BundleError) as raised:
        joined(modules)
    assert str(raised.value) == error
