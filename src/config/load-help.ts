const command = '<%= config.bin %> <%= command.id %>';

/** What `chainctl load --help` says above and below the flags. */
export const loadHelp = {
  summary: 'send requests to a service or any LLM endpoint, and record each answer',
  description: `Open loop: requests are sent at their intended times whatever the answers
do, and response times count from there.
Closed loop (--concurrency): so many requests are always open, and response
times do not contain the wait that an open loop shows. Sessions (--turns):
each further turn carries the answers before it, and is due after
--think-time.
The target is a service of the stack, or the URL of any server that speaks
OpenAI's or Ollama's API: a URL without a path is asked what it is, unless
--api says it. --body-file has requests of any other form.
Without --rps, a server that is not the chain's is offered four rates by how
long one answer of it takes: the plan says which, before the first request.
--requests ends a point after so many, however long they take.
Files: RESULTS/TAG_PATH_rpsN.csv and RESULTS/TAG_summary.csv show the latest
run of a tag, written while it runs.
Every run keeps its own files in RESULTS/RUN-ID/. Ctrl-C keeps what was
measured and exits 130; --resume goes on.
Thresholds (--slo) are METRIC OP VALUE, for example 'p95<2s',
'ttft_p99.9<1s', 'ok>99%'. A request that fails has met none that is about a
time. Exit code 8: a point missed a threshold or could not decide it, a
condition of --abort-on was met, no request succeeded, or nothing valid was
measured.
Metrics: any percentile p50 to p99.999, mean and max of the response time,
and of ttft, ttft-sent, tpot and itl (ttft_p95); ok error-rate good ok-rps
served-rps good-rps tokens-per-second.
With --elastic the rates follow a profile that makes B's group grow and
shrink: a low rate, steps up until the group is at its maximum, a hold, and
the low rate again until it is small. The group is watched and recorded,
too.`,
  examples: [
    `${command} --rps 1,10,50 --duration 10s`,
    `${command} --target http://127.0.0.1:11434 --rps 1,2 --stream`,
    `${command} --target http://127.0.0.1:8001 --rps 1,10,...,1000 --tag first`,
    `${command} --target invoke --rps 0.5,1,2 --duration 60s --drain 3m`,
    `${command} --slo 'p95<2s' --slo 'ok>99%' --abort-on error-rate=50%`,
    `${command} --target http://127.0.0.1:8000 --stream --goodput 'ttft<1s'`,
    `${command} --rps 20 --until-certain p99 --max-duration 20m`,
    `${command} --rps 1,1000 --find-knee`,
    `${command} --rps 1,1000 --find-knee --slo 'p95<2s' --max-duration 30m`,
    `${command} --concurrency 1,2,4,...,64 --duration 30s`,
    `${command} --concurrency 8 --requests 200 --out-json benchmark.json`,
    `${command} --target http://127.0.0.1:11434 --rps 1 --turns 4`,
    `${command} --rps 1,10,50 --otlp http://127.0.0.1:4318`,
    `${command} --target http://127.0.0.1:11434 --rps 5 --input-tokens 64-256`,
    `${command} --elastic --elastic-max-rps 20 --tag scaling`,
    `${command} --resume 20260131-095900-first-chain`,
  ],
};
