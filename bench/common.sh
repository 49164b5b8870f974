# shellcheck shell=bash disable=SC2154 # $root, $dotnet and $runs are the scripts
# What the benchmarks that run servers have in common. Sourced with $root and $dotnet's finder (build/sdk.sh); makes $work, which goes with the script.

name=bench/${0##*/}
work=$(mktemp -d "${TMPDIR:-/tmp}/vfiosharp-bench-XXXXXX")
declare -A pids=()
clean() {
    local who
    for who in "${!pids[@]}"; do stop "$who"; done
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "$name: $*" >&2
    exit 70
}

# Ahead of time: linked by what is there, as build/publish-vfio does; style and advisories are for ./test to check.
publish() { # source folder
    local linker=gcc
    if command -v clang >/dev/null; then linker=clang; fi
    "$dotnet" publish "$1" --configuration Release --use-current-runtime -p:PublishAot=true -p:CppCompilerAndLinker=$linker \
        --artifacts-path .build/bench/work --output "$2" --disable-build-servers --nologo --verbosity quiet -p:DebugType=none \
        -p:GenerateDocumentationFile=false -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false -p:TreatWarningsAsErrors=false \
        -p:NuGetAudit=false </dev/null >"$work/build" 2>&1 || { errors_of "$work/build" >&2; exit 70; }
}

# Sets $ours to what starts our program. Compiled when it runs, it is compiled once and at its best: what is measured is not the compiler.
build() { # project kind
    ensure_home && find_sdk || exit 69
    if [[ $2 == aot ]]; then
        echo "$name: compiling ahead of time, which takes a while…" >&2
        publish "bench/$1" ".build/bench/aot"
        ours="$root/.build/bench/aot/$1"
    else
        "$dotnet" build "bench/$1" --configuration Release --disable-build-servers --nologo --verbosity quiet >"$work/build" ||
            { errors_of "$work/build" >&2; exit 70; }
        ours="env DOTNET_TieredCompilation=0 DOTNET_ReadyToRun=0 $dotnet $root/bench/$1/bin/Release/net10.0/$1.dll"
    fi
}

# Until what is started says that it listens, or a command says so for it.
await_ready() { # who [command…]
    local who=$1 deadline=$((SECONDS + 60))
    shift
    if ((!$#)); then set -- grep -qx ready "$work/$who.out"; fi
    until "$@"; do
        kill -0 "${pids[$who]}" 2>/dev/null || fail "$who ended: $(tail -qn 3 "$work/$who".{err,out})"
        ((SECONDS < deadline)) || fail "$who does not listen"
        sleep 0.02
    done
}

start() { # who command: returns when the server says "ready"
    : >"$work/$1.out"
    bash -c "exec $2" </dev/null >"$work/$1.out" 2>"$work/$1.err" &
    pids[$1]=$!
    await_ready "$1"
}

stop() { # who
    local pid=${pids[$1]} tries
    unset "pids[$1]"
    kill -CONT "$pid" 2>/dev/null || return 0
    kill -TERM "$pid" 2>/dev/null || true
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
}

missed=()
goal() { # description value at-most|at-least limit
    if [[ $2 != - ]] && awk -v value="$2" -v limit="$4" -v way="$3" 'BEGIN { exit !(way == "at-most" ? value > limit : value < limit) }'; then
        missed+=("missed: $1 is $2, the goal ${3/-/ } $4")
    fi
}
judge() {
    ((${#missed[@]})) || exit 0
    printf '%s\n' '' "${missed[@]}"
    exit 1
}

over() { # value divisor
    awk -v value="$1" -v divisor="$2" 'BEGIN { printf "%.2f", value / divisor }'
}

# System calls are the kernel's to count, in runs of their own that are not timed: by a tracepoint, or by stopping who makes them at each.
if perf stat -e raw_syscalls:sys_enter true >/dev/null 2>&1; then
    counting=perf
elif command -v strace >/dev/null; then
    counting=strace
else
    counting=
fi
calls_of() { # who command…: what a server calls while the command runs, or the command itself where who is empty; a number on standard output
    local file=$work/calls whose=() tracer
    if [[ -n $1 ]]; then whose=(-p "${pids[$1]}"); fi
    shift
    if [[ $counting == perf ]]; then
        perf stat -x , -o "$file" -e raw_syscalls:sys_enter "${whose[@]}" "$@" >/dev/null && awk -F , '/sys_enter/ { print $1 }' "$file"
        return
    fi

    if ((${#whose[@]})); then
        strace -qq -f -c -U calls,name -o "$file" "${whose[@]}" &
        tracer=$!
        sleep 0.5
        "$@" >/dev/null || return
        kill -INT $tracer
        wait $tracer || true
    else
        strace -qq -f -c -U calls,name -o "$file" "$@" >/dev/null || return
    fi
    awk '$2 == "total" { print $1 }' "$file"
}

# Of files with a line for each run in $work, columns apart by a space; $runs is how many.
median() { sort -n | sed -n "$(((runs + 1) / 2))p"; }
column() { # file column
    if [[ -s $work/$1 ]]; then cut -d' ' -f"$2" "$work/$1" | median; else echo -; fi
}
# The median of what the runs' ratios are: what else the machine does falls on the two of a run alike.
against() { # file other column
    if [[ ! -s $work/$1 || ! -s $work/$2 ]]; then
        echo -
    else
        paste -d ' ' <(cut -d' ' -f"$3" "$work/$1") <(cut -d' ' -f"$3" "$work/$2") | awk '{ printf "%.3f\n", $1 / $2 }' | median
    fi
}
