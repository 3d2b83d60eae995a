/** What `chainctl load --help` says beyond its flags. */
export const LOAD_DESCRIPTION = `Open loop: requests are sent at their intended times whatever the answers do, and response times count from there.
A URL without a path is asked which API it speaks, unless --api says it: OpenAI's, Ollama's, or A's and B's.
Files: RESULTS/TAG_PATH_rpsN.csv and RESULTS/TAG_summary.csv show the latest run of a tag, written while it runs.
Every run keeps its own files in RESULTS/RUN-ID/. Ctrl-C keeps what was measured and exits 130; --resume goes on.
Thresholds (--slo) are METRIC OP VALUE, for example 'p95<2s', 'ttft_p99.9<1s', 'ok>99%'. A request that fails has met
none that is about a time. Exit code 8: a point missed a threshold or could not decide it, a condition of --abort-on
was met, no request succeeded, or nothing valid was measured.
Metrics: any percentile p50 to p99.999, mean and max of the response time, and of ttft, ttft-sent, tpot and itl
(ttft_p95); ok error-rate good ok-rps served-rps good-rps tokens-per-second.
With --elastic the rates follow a profile that makes B's group grow and shrink: a low rate, steps up until the
group is at its maximum, a hold, and the low rate again until it is small. The group is watched and recorded, too.`;

export const LOAD_EXAMPLES = [
  '<%= config.bin %> <%= command.id %> --rps 1,10,50 --duration 10s',
  '<%= config.bin %> <%= command.id %> --target http://127.0.0.1:8001 --rps 1,10,...,1000 --tag first',
  '<%= config.bin %> <%= command.id %> --target http://127.0.0.1:8000 --rps 1,5 --stream --max-tokens 128',
  '<%= config.bin %> <%= command.id %> --target invoke --rps 0.5,1,2 --duration 60s --drain 3m',
  "<%= config.bin %> <%= command.id %> --slo 'p95<2s' --slo 'ok>99%' --abort-on error-rate=50%",
  "<%= config.bin %> <%= command.id %> --stream --goodput 'ttft<500ms' --goodput 'tpot<50ms' --slo 'good>=95%'",
  '<%= config.bin %> <%= command.id %> --rps 20 --until-certain p99 --max-duration 20m',
  '<%= config.bin %> <%= command.id %> --rps 1,1000 --find-knee',
  '<%= config.bin %> <%= command.id %> --rps 1,10,50 --otlp http://127.0.0.1:4318',
  '<%= config.bin %> <%= command.id %> --rps 5 --arrivals poisson --input-tokens lognormal:200,0.8 --max-tokens 64-256',
  '<%= config.bin %> <%= command.id %> --rps 5 --mix chat=3,input-tokens=64-256 --mix long=1,input-tokens=4000',
  '<%= config.bin %> <%= command.id %> --elastic --elastic-max-rps 20 --tag scaling',
  '<%= config.bin %> <%= command.id %> --resume 20260131-095900-first-chain',
];
