# Finds a .NET SDK that global.json accepts, and gives it a home it can write to. Sourced with $root set.

# The SDK and NuGet keep state in the home directory; service accounts often have none, and
# without one the SDK does not even tell its version.
ensure_home() {
    if [ ! -d "${HOME:-}" ] || [ ! -w "$HOME" ]; then
        HOME=$(CDPATH='' cd "$root" && pwd)/.build/home
        mkdir -p "$HOME" || return
        export HOME
    fi

    # No server outlives the build: it would hold on to locks and to the caller's pipes.
    export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
    export DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false DOTNET_ADD_GLOBAL_TOOLS_TO_PATH=false
    unset DOTNET_CLI_UI_LANGUAGE VSLANG

    # Nothing here depends on a culture, and a small machine has no ICU.
    export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
}

# Sets $dotnet, $sdk_version and $dotnet_root, or says what to install and fails.
find_sdk() {
    seen=
    for dotnet in "$(command -v dotnet)" "${DOTNET_ROOT:-}/dotnet" "${HOME:-}/.dotnet/dotnet"; do
        [ -x "$dotnet" ] || continue
        if sdk_version=$(CDPATH='' cd "$root" && "$dotnet" --version 2>/dev/null); then
            dotnet_root=$("$dotnet" --list-sdks | sed -n "s|^$sdk_version \[\(.*\)/sdk\]\$|\1|p")
            return 0
        fi
        seen="$seen $("$dotnet" --list-sdks 2>/dev/null | cut -d ' ' -f 1 | tr '\n' ' ')"
    done

    needed=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$root/global.json")
    seen=$(echo $seen)
    echo "VfioSharp needs the .NET SDK ${needed%.*}.x ($needed or later; found: ${seen:-none on PATH}): install it from https://dotnet.microsoft.com/download/dotnet/${needed%.*}" >&2
    return 1
}

# The errors of a build's log, each once, without the project that MSBuild appends.
errors_of() {
    grep -E '(: |^)(fatal )?error\b' "$1" | sed -e 's/^[[:space:]]*//' -e 's/ \[[^][]*proj\]$//' | sort -u
}
