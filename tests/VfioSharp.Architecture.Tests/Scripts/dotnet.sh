#!/bin/sh
# An SDK for tests of the scripts: notes every call, and does what the files beside the tree's root tell it to.
root=${0%/tools/*}
echo "$*" >>"$root/calls"
[ -w "$HOME" ] || exit 1
has() { [ -e "$root/$1" ]; }

case $1 in
    --version)
        if has too-old; then exit 1; fi
        echo 10.0.100
        ;;
    --list-sdks)
        if has too-old; then echo "8.0.404 [$root/dotnet/sdk]"; else echo "10.0.100 [$root/dotnet/sdk]"; fi
        ;;
    publish)
        if has broken-source; then
            echo "$root/src/vfio/Program.cs(1,1): error CS1002: ; expected [$root/src/vfio/vfio.csproj]"
            exit 1
        fi
        kind=jit
        case $* in
            *PublishAot=true*)
                kind=aot
                if has broken-aot; then
                    echo "x.targets(1,1): error : the linker gave up [$root/src/vfio/vfio.csproj]"
                    exit 1
                fi
                ;;
            *PublishReadyToRun=true*) kind=r2r ;;
        esac
        while [ "$1" != --output ]; do shift; done
        if has slow; then sleep 0.5; fi
        mkdir -p "$2"
        printf '#!/bin/sh\necho "%s [$DOTNET_ROOT] $*"\nexit 7\n' "$kind" >"$2/vfio.new"
        chmod +x "$2/vfio.new" && mv "$2/vfio.new" "$2/vfio"
        ;;
    build)
        if has broken-source; then
            echo "$root/src/vfio/Program.cs(1,1): error CS1002: ; expected [$root/src/vfio/vfio.csproj]"
            exit 1
        fi
        ;;
    *.dll)
        project=${1##*/}
        project=${project%.dll}
        while [ "$1" != --results-directory ]; do shift; done
        if has "reports/$project.trx"; then cat "$root/reports/$project.trx" >"$2/$project.trx"; fi
        if has "reports/$project.status"; then exit "$(cat "$root/reports/$project.status")"; fi
        ;;
esac
