stage 'starting the engine'
pull "$(setting OLLAMA_IMAGE)"
if [ -n "$baked" ]; then
  # Engine, model and service were seen to work together on the builder: nobody looks first. Where that is not so here, it
  # goes on as on any other machine. One after the other, or the service waits for the engine's first health check.
  up ollama
  up service
  stage 'waiting until the model is loaded'
  tries=0
  while [ "$tries" -lt 100 ]; do
    healthy && ready
    tries=$((tries + 1))
    sleep 0.2
  done
fi
up ollama
engine=$(container ollama)
tries=0
until docker exec "$engine" ollama list >/dev/null 2>"$work/engine"; do
  tries=$((tries + 1))
  [ "$tries" -lt 180 ] || {
    show_log ollama
    fail "the engine does not answer: $(tail -n 1 "$work/engine")"
  }
  sleep 0.5
done

# By the engine's own rules for names, which has host, port and tag or leaves them out.
if ! docker exec "$engine" ollama show "$model" >"$work/show" 2>&1; then
  stage "pulling the model $model"
  tries=0
  # It goes on where it was.
  until docker exec "$engine" ollama pull "$model" >"$work/pull" 2>&1; do
    tries=$((tries + 1))
    reason=$(tr '\r' '\n' <"$work/pull" | tail -n 1)
    ! never "$work/pull" && [ "$tries" -lt 5 ] || fail "$reason"
    say "again: $reason"
    sleep $((tries * 3))
  done
fi
