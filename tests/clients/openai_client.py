"""Checks a running gateway with the official, unmodified `openai` client from PyPI.

    python openai_client.py URL KEY

Prints `ok NAME` for every check that passes; the first failure ends the program.
"""

import asyncio
import base64
import json
import struct
import sys
import typing

import openai
import pydantic

URL, KEY = sys.argv[1], sys.argv[2]
GENERATOR, ENCODER = "drafter", "multilingual-e5-small"
# Output tokens for JSON; generous, because a model not trained on JSON adds white space.
SCHEMA_TOKENS = 256
PROMPT = "action: greet\nstyle: en webchat warm you short plain\nshop: Foulée\nreply:"

client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=120)


class Shoe(pydantic.BaseModel):
    size: typing.Literal[41, 42]
    in_stock: bool
    color: typing.Literal["red", "blue"]


def chat(**options):
    messages = options.pop("messages", [{"role": "user", "content": "hello"}])
    options = {"model": GENERATOR, "max_tokens": 12, "temperature": 0} | options
    return client.chat.completions.create(messages=messages, **options)


def models_are_listed_and_shown():
    found = {model.id: model for model in client.models.list()}
    assert GENERATOR in found and ENCODER in found, found
    assert client.models.retrieve(GENERATOR).object == "model"


def a_chat_is_answered():
    answer = chat()
    choice = answer.choices[0]
    assert answer.object == "chat.completion" and answer.model == GENERATOR
    assert answer.id.startswith("chatcmpl-") and answer.created > 1_700_000_000
    assert choice.index == 0 and choice.message.role == "assistant"
    assert choice.message.content and choice.finish_reason in ("stop", "length")
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens_details.cached_tokens >= 0


def a_chat_takes_parts_and_the_developer_s_role():
    parts = [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]
    whole = chat(messages=[{"role": "system", "content": "x"}, {"role": "user", "content": "hello"}])
    split = chat(messages=[{"role": "developer", "content": "x"}, {"role": "user", "content": parts}])
    assert split.choices[0].message.content == whole.choices[0].message.content


def a_streamed_chat_equals_the_whole_one():
    whole = chat()
    stream = chat(stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content, text
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)
    finishes = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert finishes[-1] == whole.choices[0].finish_reason and set(finishes[:-1]) <= {None}
    last = chunks[-1]
    assert last.choices == [] and last.usage.completion_tokens == whole.usage.completion_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert all(chunk.usage is None for chunk in chat(stream=True))


def a_stream_may_be_left_before_its_end():
    with chat(stream=True, max_tokens=64) as stream:
        next(iter(stream))
    assert chat().choices[0].message.content


def stop_strings_and_seeds_are_heeded():
    whole = chat(max_tokens=24).choices[0].message.content
    mark = whole[len(whole) // 2 :][:3]
    cut = chat(max_tokens=24, stop=[mark])
    assert cut.choices[0].message.content == whole.split(mark)[0]
    assert cut.choices[0].finish_reason == "stop"
    first, again = (chat(temperature=1.5, seed=7).choices[0].message.content for _ in range(2))
    assert first == again


def completions_are_answered_and_streamed():
    options = {"model": GENERATOR, "prompt": PROMPT, "max_tokens": 16, "temperature": 0}
    whole = client.completions.create(**options)
    assert whole.object == "text_completion" and whole.id.startswith("cmpl-")
    text = whole.choices[0].text
    assert text
    stream = client.completions.create(**options, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == text
    echoed = client.completions.create(**options, echo=True)
    assert echoed.choices[0].text == PROMPT + text
    listed = client.completions.create(**(options | {"prompt": [PROMPT]}))
    assert listed.choices[0].text == text


def json_schemas_are_kept():
    schema = Shoe.model_json_schema() | {"additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "shoe", "schema": schema}}
    answer = chat(response_format=wanted, max_tokens=SCHEMA_TOKENS)
    Shoe.model_validate_json(answer.choices[0].message.content)
    parsed = client.chat.completions.parse(
        model=GENERATOR,
        messages=[{"role": "user", "content": "red, 42"}],
        response_format=Shoe,
        max_tokens=SCHEMA_TOKENS,
        temperature=0,
    )
    assert isinstance(parsed.choices[0].message.parsed, Shoe)
    stream = chat(response_format=wanted, max_tokens=SCHEMA_TOKENS, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert json.loads(text) == json.loads(answer.choices[0].message.content)


def embeddings_come_as_numbers_and_as_base64():
    texts = ["where is my parcel", "où est mon colis"]
    # Without encoding_format the client requests base64 and decodes it.
    default = client.embeddings.create(model=ENCODER, input=texts)
    floats = client.embeddings.create(model=ENCODER, input=texts, encoding_format="float")
    raw = client.embeddings.create(model=ENCODER, input=texts, encoding_format="base64")
    assert [row.index for row in default.data] == [0, 1]
    for row, number, text in zip(default.data, floats.data, raw.data):
        assert len(row.embedding) == 384
        assert max(abs(a - b) for a, b in zip(row.embedding, number.embedding)) < 1e-6
        content = base64.b64decode(text.embedding)
        decoded = struct.unpack(f"<{len(content) // 4}f", content)
        assert max(abs(a - b) for a, b in zip(row.embedding, decoded)) < 1e-6
    assert default.usage.total_tokens == default.usage.prompt_tokens > 0
    one = client.embeddings.create(model=ENCODER, input=texts[0], dimensions=384)
    assert len(one.data) == 1


def errors_are_the_client_s_own():
    stranger = client.with_options(api_key="wrong")
    cases = [
        (openai.AuthenticationError, lambda: stranger.models.list()),
        (openai.NotFoundError, lambda: chat(model="gpt-9")),
        (openai.NotFoundError, lambda: client.models.retrieve("gpt-9")),
        (openai.NotFoundError, lambda: client.embeddings.create(model=GENERATOR, input="x")),
        (openai.BadRequestError, lambda: chat(messages="hi")),
        (openai.UnprocessableEntityError, lambda: chat(messages=[])),
        (openai.UnprocessableEntityError, lambda: chat(max_tokens=0)),
        (openai.UnprocessableEntityError, lambda: chat(temperature=-1)),
        (openai.UnprocessableEntityError, lambda: chat(n=2)),
        (openai.UnprocessableEntityError, lambda: chat(logprobs=True)),
        (openai.UnprocessableEntityError, lambda: chat(presence_penalty=1)),
        (openai.UnprocessableEntityError, lambda: chat(tools=[{"type": "function"}])),
        (
            openai.UnprocessableEntityError,
            lambda: client.embeddings.create(model=ENCODER, input="x", dimensions=7),
        ),
        (
            openai.UnprocessableEntityError,
            lambda: client.completions.create(model=GENERATOR, prompt=["a", "b"]),
        ),
    ]
    for kind, call in cases:
        try:
            call()
        except kind as error:
            assert error.body["code"] and error.body["message"], error.body
            assert error.request_id, "every response carries a request id"
        else:
            raise AssertionError(f"no {kind.__name__}")
    assert "`n`" in str(refusal(lambda: chat(n=2)))


def refusal(call):
    try:
        call()
    except openai.APIStatusError as error:
        return error
    raise AssertionError("not refused")


def a_full_gateway_is_a_rate_limit():
    """Requests beyond the limit on waiting prompt tokens get 429 with Retry-After."""

    async def flood():
        many = openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=120)
        long = [{"role": "user", "content": "marathon shoes " * 60}]
        calls = [
            many.chat.completions.create(model=GENERATOR, messages=long, max_tokens=8)
            for _ in range(24)
        ]
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(flood())
    limited = [answer for answer in answers if isinstance(answer, openai.RateLimitError)]
    assert limited and len(limited) < len(answers), answers
    assert int(limited[0].response.headers["retry-after"]) >= 1
    assert not [a for a in answers if isinstance(a, Exception) and a not in limited], answers
    # With the client's own retries, which honour Retry-After, the request succeeds.
    assert client.with_options(max_retries=8).chat.completions.create(
        model=GENERATOR, messages=[{"role": "user", "content": "hi"}], max_tokens=2
    )


CHECKS = [
    models_are_listed_and_shown,
    a_chat_is_answered,
    a_chat_takes_parts_and_the_developer_s_role,
    a_streamed_chat_equals_the_whole_one,
    a_stream_may_be_left_before_its_end,
    stop_strings_and_seeds_are_heeded,
    completions_are_answered_and_streamed,
    json_schemas_are_kept,
    embeddings_come_as_numbers_and_as_base64,
    errors_are_the_client_s_own,
    a_full_gateway_is_a_rate_limit,
]

if __name__ == "__main__":
    for check in CHECKS:
        check()
        print(f"ok {check.__name__}", flush=True)
    print(f"{len(CHECKS)} checks with openai {openai.__version__}")
