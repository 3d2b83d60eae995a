stage 'starting the engine'
pull "$(setting LLAMA_IMAGE)"
if [ -n "$baked" ]; then
  # Engine, model and service were seen to work together on the builder: nobody looks first. Where that is not so here, it
  # goes on as on any other machine.
  up llamacpp
  up service
  stage 'waiting until the model is loaded'
  tries=0
  while [ "$tries" -lt 100 ]; do
    healthy && ready
    tries=$((tries + 1))
    sleep 0.2
  done
fi

# What is there and right is taken as it is; a download that was cut off goes on where it was.
stage "downloading the model $model"
tries=0
until (cd "$current" && compose -p "$project" --env-file compose.env -f compose.yaml run --rm -T --no-deps \
  model-downloader </dev/null 2>&1) >"$work/pull"; do
  tries=$((tries + 1))
  reason=$(tail -n 1 "$work/pull" | cut -c 1-300)
  # What is wrong with the settings, or with the file, is so the next time.
  ! grep -qE 'MODEL_|SHA-256|answers 40|answers 41|certificate' "$work/pull" && [ "$tries" -lt 5 ] || fail "$reason"
  say "again: $reason"
  sleep $((tries * 3))
done
up llamacpp
engine=$(container llamacpp)
tries=0
until docker exec "$engine" curl -fsS -o /dev/null --max-time 5 http://127.0.0.1:8000/health 2>"$work/engine"; do
  tries=$((tries + 1))
  [ "$tries" -lt 1200 ] || {
    show_log llamacpp
    fail "the engine does not answer: $(tail -n 1 "$work/engine")"
  }
  sleep 0.5
done
