# The small kernel of lab/kernel.config, built from Debian's sources of 6.12.

series=6.12
objects=1430 # for the progress line only

# Tools that are not installed come from the packages of this very release; the compiler is needed for the guest program too.
host=$(dpkg --print-architecture 2>/dev/null || true)
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
tools=$downloads/tools
for tool in gcc make tar; do
    if ! command -v $tool >/dev/null; then
        echo "building the small kernel needs $tool: install gcc, binutils, libc6-dev, make" >reason
        exit 1
    fi
done
packages=()
for tool in flex bison bc xz; do
    command -v $tool >/dev/null || packages+=($tool)
done
[[ -e /usr/include/libelf.h ]] || packages+=(libelf-dev)
packages=("${packages[@]/#xz/xz-utils}")
if ((${#packages[@]} > 0)); then
    if [[ " $suites " != *" $release "* ]]; then
        echo "building the small kernel needs ${packages[*]}" >reason
        exit 1
    fi
    mkdir -p "$downloads/tool-packages"
    (
        downloads=$downloads/tool-packages
        fetch_with_dependencies "$host" "$release" "${packages[@]}"
        # The C library that is installed serves; two of them would quarrel.
        rm -f "$downloads"/{libc6,libc-,libgcc,linux-libc}*.deb
        unpack "$tools"
    )
    libraries=$(dirname "$(find "$tools" -name 'libz.so.1' | head -n 1)")
    export PATH="$tools/usr/bin:$PATH" LD_LIBRARY_PATH="$tools/usr/lib/${libraries##*/}:$libraries"
    export LIBRARY_PATH="$tools/usr/lib/${libraries##*/}" C_INCLUDE_PATH="$tools/usr/include:$tools/usr/include/${libraries##*/}"
    export BISON_PKGDATADIR="$tools/usr/share/bison" M4="$tools/usr/bin/m4"
fi

source=$downloads/linux-source-$series
if [[ ! -e $downloads/unpacked ]]; then
    fetch "$host" "linux-source-$series/trixie"
    rm -rf "$source"
    # Only Kconfig files are wanted of what the configuration leaves out for certain.
    dpkg-deb --fsys-tarfile "$downloads"/linux-source-*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" | xz -dc -T2 |
        tar -x -C "$downloads" --exclude='*/drivers/gpu/drm/*.[ch]' --exclude='*/sound/*.[ch]' --exclude='*/Documentation/*.rst'
    : >"$downloads/unpacked"
fi

export KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST=lab LC_ALL=C
out=$PWD
cd "$source"
if [[ ! -e .config ]]; then
    make -s ARCH=x86_64 tinyconfig
    scripts/kconfig/merge_config.sh -m .config "$root/lab/kernel.config"
    make -s ARCH=x86_64 olddefconfig
fi

# A line that the sources no longer know, or whose condition is not met, would go unnoticed.
lost=$(grep -E '^CONFIG_' "$root/lab/kernel.config" | grep -vxF -f .config || true)
if [[ -n $lost ]]; then
    echo "lab/kernel.config asks for what the sources of $series do not give:" $lost >"$out/reason"
    exit 1
fi

cross=
[[ $host == amd64 ]] || cross=x86_64-linux-gnu-
nice make ARCH=x86_64 CROSS_COMPILE=$cross -j"$(nproc)" bzImage &
building=$!
while sleep 30 && kill -0 $building 2>/dev/null; do
    echo "lab: … $(find . -name '*.o' -newer .config | wc -l) of about $objects objects of the small kernel" >&3
done
wait $building
cp arch/x86/boot/bzImage "$out/image"
make -s ARCH=x86_64 kernelrelease >"$out/version"
cd "$out"
mkdir modules
: >modules/order
