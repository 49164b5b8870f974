# lspci with the libraries it needs and the loader that runs it, all in one folder: architecture.

fetch_with_dependencies "$1" trixie pciutils
unpack root
library_folder=$(dirname "$(find root/usr/lib -path '*-linux-gnu/libc.so.6' | head -n 1)")
mv root/usr/bin/lspci .

add_libraries_of() {
    local needed
    for needed in $(objdump -p "$1" | sed -n 's/^ *NEEDED *//p'); do
        if [[ ! -e $needed ]]; then
            cp -L "$library_folder/$needed" "$needed"
            add_libraries_of "$needed"
        fi
    done
}
add_libraries_of lspci
loader=$(find root/usr/lib* -name 'ld-linux-*.so.*' | head -n 1)
cp -L "$loader" loader
chmod 755 loader
rm -rf root
