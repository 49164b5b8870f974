# Debian packages without root and without touching the system's own: a private state of apt for each architecture, over the mirror
# that apt is configured with. Sourced with $cache set.

suites='bookworm trixie trixie-backports'

private() { # architecture command…
    local state=$cache/archive/$1 architecture=$1 command=$2
    shift 2
    "$command" -o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
        -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o APT::Install-Recommends=0 -o APT::Sandbox::User= \
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Retries=3 -o Debug::NoLocking=1 \
        -o Dpkg::Use-Pty=0 -qq "$@"
}

# Where apt gets this system's own release from: the archives that a package of Debian's may come from, the likeliest first.
mirrors() {
    if [[ -n ${VFIOSHARP_LAB_MIRROR-} ]]; then
        echo "$VFIOSHARP_LAB_MIRROR"
        return
    fi
    apt-get -o Debug::NoLocking=1 update --print-uris 2>/dev/null |
        sed -n "s|^'\(.*\)/dists/[^/]*/InRelease'.*|\1|p" | awk '!seen[$0]++ { print (/\/debian$/ ? 0 : 1), $0 }' | sort -s -n -k 1,1 | cut -d ' ' -f 2-
}

# Makes the archive of an architecture ready for fetching. A mirror that is not Debian's fails by its signature.
open_archive() { # architecture
    local state=$cache/archive/$1 mirror suite keyring
    if [[ -e $state/ready ]]; then return; fi
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        echo 'Debian packages are fetched and unpacked by apt-get and dpkg-deb: run lab/prepare on Debian, or point VFIOSHARP_LAB_CACHE to a cache that is filled' >reason
        return 1
    fi
    for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        [[ ! -e $keyring ]] || break
    done
    if [[ ! -e $keyring ]]; then
        echo 'install debian-archive-keyring' >reason
        return 1
    fi
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    : >"$state/status"
    while read -r mirror; do
        for suite in $suites; do
            echo "deb [signed-by=$keyring] $mirror $suite main"
        done >"$state/sources.list"
        # A list that cannot be had is only a warning to apt.
        if private "$1" apt-get update -o APT::Update::Error-Mode=any; then
            : >"$state/ready"
            return
        fi
    done < <(mirrors)
    echo "no Debian mirror that apt is configured with answers for: $suites (another one can be named by VFIOSHARP_LAB_MIRROR)" >reason
    return 1
}

# Fetches packages, with or without those they need, into $downloads.
fetch_with_dependencies() { # architecture suite package…
    open_archive "$1"
    mkdir -p "$downloads/partial"
    private "$1" apt-get -o Dir::Cache::Archives="$downloads" -t "$2" install -y --download-only "${@:3}"
}

fetch() { # architecture package/suite…
    open_archive "$1"
    (cd "$downloads" && private "$1" apt-get download "${@:2}")
}

# The packages of which a package that only names others consists, of those whose names match.
resolve() { # architecture suite package pattern
    open_archive "$1" || return
    private "$1" apt-get -t "$2" install -y --print-uris "$3" | sed -n "s/^'[^']*' \([^_ ]*\)_[^ ]*\.deb .*/\1/p" | grep -E "$4"
}

# Unpacks what was fetched.
unpack() { # folder
    local package
    mkdir -p "$1"
    for package in "$downloads"/*.deb; do
        dpkg-deb -x "$package" "$1"
    done
}
