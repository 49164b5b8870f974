# Where the built program lies and whether it is up to date. Sourced with $root set; costs two processes, for it runs every time.
#
# .build/vfio/<wanted>/current/ holds   bin/       the program
#                                       about      its kind, the C tools seen when it was built, the root of the .NET installation
#                                       sources    what it was built from
# and is a symbolic link, replaced in one step, so that a running program never sees its successor's files.

wanted=${VFIO_BUILD:-auto}
case $wanted in
    auto | aot | r2r | jit) ;;
    *)
        echo "vfio: VFIO_BUILD is '$wanted', expected aot, r2r, jit or auto" >&2
        exit 64
        ;;
esac
builds=$root/.build/vfio/$wanted
current=$builds/current

# Every file that can change the program, with its size and time: samples too, for it serves some. Names too, for a deleted file leaves no newer time behind.
list_sources() {
    (CDPATH='' cd "$root" && find src samples build vfio Directory.* global.json \( -name bin -o -name obj -o -name '.?*' -o -name '*.md' \) -prune -o -type f -printf '%p %s %T@\n')
}

# The C tools on PATH, by name: enough to notice that a toolchain has been installed since.
list_c_tools() {
    c_tools=
    for tool in clang gcc ld objcopy; do
        if command -v "$tool" >/dev/null; then c_tools="$c_tools$tool "; fi
    done
    if [ -e /usr/include/stdio.h ]; then c_tools="${c_tools}headers "; fi
    c_tools=${c_tools% }
}

read_program() {
    { read -r kind && read -r known_tools && read -r runtime; } <"$current/about"
}

program_is_current() {
    [ -x "$current/bin/vfio" ] && [ "$(list_sources)" = "$(cat "$current/sources")" ] && read_program || return 1

    # With a toolchain gone an AOT program is as good as before.
    [ "$kind" != aot ] || return 0
    [ "$kind" != jit ] || [ -d "$runtime" ] || return 1

    # With one arrived, something better than ReadyToRun can be had, by whoever may build here.
    if [ "$wanted" = auto ] && [ -w "$builds" ]; then
        list_c_tools
        [ "$c_tools" = "$known_tools" ] || [ -z "$c_tools" ]
    fi
}
