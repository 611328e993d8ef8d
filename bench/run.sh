#!/usr/bin/env bash
# Measures tlsup beside other parsers, and writes the tables of docs/performance.md and its plots.
#   bench/run.sh            times, instruction counts and compile times: about ten minutes
#   bench/run.sh --count    instruction counts alone: they are the same at each run
#   bench/run.sh --times    times alone
#   bench/run.sh --compile  compile times alone
#   bench/run.sh --quick    everything, but too short to mean something; docs/ stays as it is
# PICOHTTPPARSER=FOLDER builds picohttpparser from source: bench/build.sh says why. CORE=N: the core that is measured
# on, the last one if nothing is said. The data stay in build/bench as JSON. Tables of what was measured are made of what
# is there; all others stay as they are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/install.sh
tlsup_tools bench
. bench/build.sh

what=" count times compile "
quick=
repetitions=11
seconds=0.02
runs=5
for word in "$@"; do
    case $word in
    --count | --times | --compile) what=" ${word#--} " ;;
    --quick) quick=yes repetitions=2 seconds=0.001 runs=1 ;;
    *)
        echo "usage: bench/run.sh [--count|--times|--compile] [--quick]" >&2
        exit 2
        ;;
    esac
done

folder=build/bench
core=${CORE:-$(($(nproc) - 1))}
out=$folder
[[ -n $quick ]] && out=$folder/quick
mkdir -p "$out"
parts=()

# Who is measured now. Where times or counts are kept, who is not there now stays in the list.
list_peers() { # VARIANT
    local list=$out/peers-$1.txt
    bench_say_peers "$1" >"$list.new"
    if [[ $what != *" count times "* && -f $list ]]; then
        awk -F '\t' '!($1 in seen) { seen[$1] = 1; print }' "$list.new" "$list" >"$list.all"
        mv "$list.all" "$list.new"
    fi
    mv "$list.new" "$list"
}

if [[ $what == *" count "* || $what == *" times "* ]]; then
    bench_build count times
    {
        printf 'compiler\t%s\n' "$("$bench_cxx" --version | head -n 1)"
        printf 'processor\t%s\n' "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)"
    } >"$out/host.txt"
    for variant in "${bench_variants[@]}"; do
        "$folder/$variant/count" --check
        list_peers "$variant"
        echo "$variant ($(bench_flags "$variant" | xargs)):"
        sed 's/^/  /' "$out/peers-$variant.txt"
    done
    parts+=(peers heads real growth others)
fi

# Each row once, in any order: a round is short, so that its rows find the processor alike.
take_times() { # VARIANT NAME FILTER
    taskset -c "$core" "$folder/$1/times" --benchmark_filter="$3" --benchmark_min_time=$seconds \
        --benchmark_repetitions=1 --benchmark_enable_random_interleaving=true \
        --benchmark_out="$out/times-$2.json" --benchmark_out_format=json >"$out/times.log"
}

if [[ $what == *" count "* ]]; then
    for variant in "${bench_variants[@]}"; do
        # How costs grow is the same in both variants.
        groups=heads,real,emit,tunnel,hello,facts
        [[ $variant == plain && -z $quick ]] && groups+=,growth
        echo "counting instructions: $variant"
        python3 bench/counts.py "$folder/$variant/count" --group $groups --json "$out/counts-$variant.json" >/dev/null
    done
fi

if [[ $what == *" times "* ]]; then
    rm -f "$out"/times-*.json
    for ((round = 1; round <= repetitions; ++round)); do
        echo "taking times, on core $core: round $round of $repetitions"
        for variant in "${bench_variants[@]}"; do
            take_times "$variant" "$variant.$round" '^(heads|real|emit|tunnel|hello|facts) '
        done
        if ((round <= 3)); then
            take_times plain "growth.$round" '^growth (head|machine|pico.*|llhttp|beast) size-'
        fi
    done
fi

if [[ $what == *" compile "* ]]; then
    CXX=$bench_cxx python3 bench/compile_time.py --runs $runs --json "$out/compile.json"
    parts+=(compile)
fi

report=report.txt
[[ ${parts[0]} == peers ]] || report=report-compile.txt # the other one has the least and the most of each time
python3 bench/report.py "$out" ${quick:+--no-docs} --parts "${parts[@]}" | tee "$out/$report"
if [[ -z $quick && ${parts[0]} == peers ]]; then
    python3 bench/plot.py "$out" docs/performance
fi
