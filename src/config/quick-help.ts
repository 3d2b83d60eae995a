const command = '<%= config.bin %> <%= command.id %>';

/** What `chainctl quick --help` says above and below the flags. */
export const quickHelp = {
  summary: 'say in about a minute what a server of models can do',
  description: `Measures one request alone, then twice as many at once until more bring no
more, then searches the highest rate that is sustained (the knee). Says what
a user gets, what limits, what was not found out, and what to try next.
Without a URL it takes the stack that is deployed, else the only server on
the usual ports of this machine (Ollama, vLLM, llama-server, LM Studio,
...).
Each request has a prompt of its own of about 250 tokens, for an answer of
at most 64 tokens.
A server that is neither on this machine nor in a private network may bill
for requests: it is sent 207 at most, after a question (--yes answers it).
Others get as many as they answer in a minute, 12,007 at most.
Each part leaves a run with a report.html. Ctrl-C keeps what was measured,
says what it tells, and exits 130.
Exit code 8: not one request succeeded. 5: nothing answers. 3: it asks for a
key, or has no model.`,
  examples: [
    command,
    `${command} http://127.0.0.1:11434 --model llama3.2`,
    `${command} http://127.0.0.1:8000 --api-key-file key`,
    `${command} https://api.example.com/v1 --model M --api-key-file key --yes`,
    `${command} http://127.0.0.1:8000/v1/chat/completions --json`,
  ],
};
