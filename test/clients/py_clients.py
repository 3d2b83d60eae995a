"""Clients of PyPI, each as one who uses it calls it: a request a line on stdin, what came of it a line on stdout."""

import json
import sys

TEXT = "How many trains waited?"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "the weather in a city", "parameters": CITY}}


def asked(ask):
    """What chats have in common in OpenAI's form."""
    more = {name: ask[name] for name in ("temperature",) if name in ask}
    if "most" in ask:
        more["max_tokens"] = ask["most"]
    if ask.get("withTool"):
        more["tools"] = [TOOL]
    return {"model": ask["model"], "messages": [{"role": "user", "content": ask.get("text", TEXT)}], **more}


def calls_of(calls):
    """Names and arguments of OpenAI's tool calls."""
    found = [{"name": call.function.name, "city": json.loads(call.function.arguments)["city"]} for call in calls or []]
    return {"calls": found} if found else {}


def counts(usage):
    return {} if usage is None else {"input": usage.prompt_tokens, "output": usage.completion_tokens}


def answer_of(completion):
    message = completion.choices[0].message
    return {"text": message.content or "", **counts(completion.usage), **calls_of(message.tool_calls)}


def read_stream(events):
    """A whole stream in OpenAI's form."""
    text, pieces, usage, name, arguments = "", 0, None, "", ""
    for event in events:
        usage = getattr(event, "usage", None) or usage
        if not event.choices:
            continue
        delta = event.choices[0].delta
        if delta.content:
            text, pieces = text + delta.content, pieces + 1
        for call in delta.tool_calls or []:
            name, arguments = name or call.function.name, arguments + (call.function.arguments or "")
    calls = {"calls": [{"name": name, "city": json.loads(arguments)["city"]}]} if name else {}
    return {"text": text, "pieces": pieces, **counts(usage), **calls}


class OpenAi:
    def __init__(self):
        import openai

        self.library = openai

    def client(self, ask):
        retries = {} if ask.get("retries") else {"max_retries": 0}
        return self.library.OpenAI(base_url=ask["base"] + "/v1", api_key=ask.get("key", "none"), **retries)

    def chat(self, ask):
        return answer_of(self.client(ask).chat.completions.create(**asked(ask)))

    def stream(self, ask):
        options = {"stream": True, "stream_options": {"include_usage": True}}
        return read_stream(self.client(ask).chat.completions.create(**asked(ask), **options))

    def models(self, ask):
        return [model.id for model in self.client(ask).models.list()]

    def embed(self, ask):
        made = self.client(ask).embeddings.create(model=ask["model"], input=["one", "two"])
        return [len(each.embedding) for each in made.data]


class LangChain:
    def __init__(self):
        import langchain_openai

        self.library = langchain_openai

    def model(self, ask):
        more = {"temperature": ask["temperature"]} if "temperature" in ask else {}
        if "most" in ask:
            more["max_tokens"] = ask["most"]
        if not ask.get("retries"):
            more["max_retries"] = 0
        key = ask.get("key", "none")
        model = self.library.ChatOpenAI(
            model=ask["model"], base_url=ask["base"] + "/v1", api_key=key, stream_usage=True, **more
        )
        return model.bind_tools([TOOL]) if ask.get("withTool") else model

    @staticmethod
    def answer(message):
        usage = message.usage_metadata
        told = {"input": usage["input_tokens"], "output": usage["output_tokens"]} if usage else {}
        calls = [{"name": call["name"], "city": call["args"]["city"]} for call in message.tool_calls]
        return {"text": message.text, **told, **({"calls": calls} if calls else {})}

    def chat(self, ask):
        return self.answer(self.model(ask).invoke(ask.get("text", TEXT)))

    def stream(self, ask):
        whole, pieces = None, 0
        for part in self.model(ask).stream(ask.get("text", TEXT)):
            whole = part if whole is None else whole + part
            pieces += 1 if part.text else 0
        return {**self.answer(whole), "pieces": pieces}

    def embed(self, ask):
        embeddings = self.library.OpenAIEmbeddings(
            model=ask["model"],
            base_url=ask["base"] + "/v1",
            api_key=ask.get("key", "none"),
            max_retries=0,
            # Texts as they are: otherwise it sends the numbers of a tokenizer that it would have to download.
            check_embedding_ctx_length=False,
        )
        return [len(each) for each in embeddings.embed_documents(["one", "two"])]


class LiteLlm:
    def __init__(self):
        import litellm

        litellm.suppress_debug_info = True
        self.library = litellm

    def common(self, ask):
        return {"api_base": ask["base"] + "/v1", "api_key": ask.get("key", "none")}

    def request(self, ask):
        retries = {} if ask.get("retries") else {"num_retries": 0, "max_retries": 0}
        return {**asked(ask), "model": "openai/" + ask["model"], **self.common(ask), **retries}

    def chat(self, ask):
        return answer_of(self.library.completion(**self.request(ask)))

    def stream(self, ask):
        options = {"stream": True, "stream_options": {"include_usage": True}}
        return read_stream(self.library.completion(**self.request(ask), **options))

    def embed(self, ask):
        made = self.library.embedding(
            model="openai/" + ask["model"], input=["one", "two"], **self.common(ask), max_retries=0
        )
        return [len(each["embedding"]) for each in made.data]


class Ollama:
    def __init__(self):
        import ollama

        self.library = ollama

    def client(self, ask):
        headers = {"authorization": "Bearer " + ask["key"]} if "key" in ask else {}
        return self.library.Client(host=ask["base"], headers=headers)

    def request(self, ask):
        names = {"temperature": "temperature", "most": "num_predict"}
        options = {"options": {name: ask[key] for key, name in names.items() if key in ask}}
        tools = {"tools": [TOOL]} if ask.get("withTool") else {}
        messages = [{"role": "user", "content": ask.get("text", TEXT)}]
        return {"model": ask["model"], "messages": messages, **options, **tools}

    @staticmethod
    def calls(message):
        calls = message.tool_calls or []
        found = [{"name": call.function.name, "city": call.function.arguments["city"]} for call in calls]
        return {"calls": found} if found else {}

    def chat(self, ask):
        said = self.client(ask).chat(**self.request(ask))
        told = {"input": said.prompt_eval_count, "output": said.eval_count}
        return {"text": said.message.content or "", **told, **self.calls(said.message)}

    def stream(self, ask):
        text, pieces, calls, last = "", 0, {}, None
        for last in self.client(ask).chat(**self.request(ask), stream=True):
            if last.message.content:
                text, pieces = text + last.message.content, pieces + 1
            calls = self.calls(last.message) or calls
        return {"text": text, "pieces": pieces, "input": last.prompt_eval_count, "output": last.eval_count, **calls}

    def models(self, ask):
        return [model.model for model in self.client(ask).list().models]


CLIENTS = {"openai": OpenAi, "langchain-openai": LangChain, "litellm": LiteLlm, "ollama": Ollama}


def main():
    # Only answers go to stdout: libraries print there, too.
    out, sys.stdout = sys.stdout, sys.stderr
    client = CLIENTS[sys.argv[1]]()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            outcome = {"value": getattr(client, request["do"])(request["ask"])}
        except Exception as error:  # What it shows is what is looked at.
            cause = error.__cause__
            outcome = {"shown": f"{type(error).__name__}: {error}" + (f": {cause}" if cause else "")}
        out.write(json.dumps(outcome) + "\n")
        out.flush()


main()
