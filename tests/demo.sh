#!/bin/sh
# SPDX-License-Identifier: ISC
# The main job end to end: the sample list goes in, a ranked table comes out.
# Without a key the answers come from the simulator, and it says so; with
# OPENAI_API_KEY set they are real, and it asks before it spends anything.
set -eu

build=${1:-build}
sample=conf/sample_accounts.csv
model=${SDR_DEMO_MODEL:-gpt-5.4-mini}
budget=${SDR_DEMO_BUDGET:-5.00}
dir=$(mktemp -d "${TMPDIR:-/tmp}/sdr-demo.XXXXXX")
sdrd=
sim=

# shellcheck disable=SC2317  # the trap calls it
cleanup() {
    status=$?
    trap - EXIT INT TERM
    for pid in $sdrd $sim; do
        kill "$pid" 2>/dev/null || continue
        wait "$pid" || true
    done
    rm -rf "$dir"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# wait_for WHAT PID COMMAND...: until the command succeeds, 10 s at most, and
# only while the process lives.
wait_for() {
    what=$1 pid=$2 tries=0
    shift 2
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ] || ! kill -0 "$pid" 2>/dev/null; then
            echo "demo: $what did not come up; its log:" >&2
            cat "$dir"/*.log >&2
            exit 1
        fi
        sleep 0.1
    done
}

if [ -n "${OPENAI_API_KEY:-}" ]; then
    url=${OPENAI_BASE_URL:-https://api.openai.com/v1}
    cat <<TXT
OPENAI_API_KEY is set: this uses the real API at $url
with the model $model and real web searches for the 25 companies of
$sample.

It costs at most \$$budget: that is set as a hard budget, and sdr stops before
it would be passed. (SDR_DEMO_BUDGET and SDR_DEMO_MODEL change both; unset
OPENAI_API_KEY to see the same thing with simulated answers, free of charge.)

TXT
    if [ ! -t 0 ]; then
        echo "demo: not on a terminal, so nobody can be asked; stopping." >&2
        exit 1
    fi
    printf 'Go ahead and spend up to $%s? [y/N] ' "$budget"
    read -r answer
    case $answer in
    [yY]*) ;;
    *)
        echo "Nothing was sent."
        exit 0
        ;;
    esac
else
    echo "SIMULATED ANSWERS: no OPENAI_API_KEY is set, so a simulator on this"
    echo "machine plays the provider. Nothing below was researched."
    echo
    model="sim-model"
    "$build/sdr-simapi" --port 0 --port-file "$dir/port" --die-with-parent \
        --latency lognormal:300:0.4 2> "$dir/simapi.log" &
    sim=$!
    wait_for sdr-simapi "$sim" test -s "$dir/port"
    url=http://127.0.0.1:$(cat "$dir/port")/v1
    OPENAI_API_KEY=simulated
    export OPENAI_API_KEY
fi
unset OPENAI_BASE_URL

cat > "$dir/sdr.conf" <<CONF
database = "$dir/sdr.db";
control = "$dir/sdrd.sock";
playbook = "$PWD/conf/playbook";
endpoints = ( { name = "demo"; url = "$url"; model = "$model";
    tier = 1; } );
prices = (
  { model = "gpt-5.4-mini"; input = 0.75; cached = 0.075; output = 4.50;
    search = 10.0; },
  { model = "sim-model"; input = 0.75; cached = 0.075; output = 4.50;
    search = 10.0; } );
budget: { per-job = $budget; };
CONF

sdrctl() {
    "$build/sdrctl" -c "$dir/sdr.conf" "$@"
}

"$build/sdrd" -c "$dir/sdr.conf" 2> "$dir/sdrd.log" &
sdrd=$!
wait_for sdrd "$sdrd" sdrctl status

echo "\$ sdrctl import $sample"
sdrctl import "$sample"
echo
echo "\$ sdrctl start 1 --wait"
status=0
sdrctl start 1 --wait || status=$?
echo
echo "\$ sdrctl accounts 1"
sdrctl accounts 1
echo
sdrctl cost 1
if [ -n "$sim" ]; then
    echo
    echo "SIMULATED ANSWERS: invented on this machine, to show the machinery."
    echo "With a key of your own: OPENAI_API_KEY=... make demo"
fi
sdrctl stop >/dev/null
wait "$sdrd" || status=$?
sdrd=
exit "$status"
