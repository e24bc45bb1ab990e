"""Renders the templates of this folder as transformers does, into expected.json.

    python render.py        needs transformers, for its Jinja environment

The templates are written for these tests, in the manner of those that the named families publish:
same markup, same constructs.
"""

import datetime
import json
import pathlib

from transformers.utils import chat_template_utils

NOW = datetime.datetime(2026, 11, 4, 9, 5)

CONVERSATIONS = {
    "one question": [{"role": "user", "content": "Bonjour, \"où\" est <mon> colis ?"}],
    "instructed": [
        {"role": "system", "content": "You sell shoes. /no_think"},
        {"role": "user", "content": "  hi "},
        {"role": "assistant", "content": "<think>\nGreet.\n</think>\n\nHello!"},
        {"role": "user", "content": "size 42?\n"},
    ],
    "turns": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": "d"},
        {"role": "user", "content": "e"},
    ],
}


def main():
    folder = pathlib.Path(__file__).parent
    expected = {}
    for path in sorted(folder.glob("*.jinja")):
        template = chat_template_utils._compile_jinja_template(path.read_text())
        template.globals["strftime_now"] = NOW.strftime
        expected[path.stem] = {}
        for name, messages in CONVERSATIONS.items():
            try:
                text = template.render(
                    messages=messages,
                    tools=None,
                    documents=None,
                    add_generation_prompt=True,
                    bos_token="<s>",
                    eos_token="</s>",
                )
            except Exception as cause:
                expected[path.stem][name] = {"refused": str(cause)}
            else:
                expected[path.stem][name] = {"text": text}
    answer = {"now": NOW.isoformat() + "Z", "conversations": CONVERSATIONS, "expected": expected}
    text = json.dumps(answer, ensure_ascii=False, indent=1)
    (folder / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
