# QEMU of Debian's backports with the libraries it needs, run by that system's own loader so that it does not depend on this one's.

fetch_with_dependencies "$(dpkg --print-architecture)" trixie-backports qemu-system-x86 qemu-system-arm
unpack root
rm -rf root/usr/share/{doc,man,locale,info,icons} root/usr/lib/udev root/var

library_folder=$(dirname "$(find root/usr/lib -path '*-linux-gnu/libc.so.6' | head -n 1)")
loader=$(find root/usr/lib* -name 'ld-linux-*.so.*' | head -n 1)
for program in qemu-system-x86_64 qemu-system-aarch64; do
    cat >$program <<SCRIPT
#!/bin/sh
here=\${0%/*}
export QEMU_MODULE_DIR="\$here/$library_folder/qemu"
exec "\$here/$loader" --library-path "\$here/$library_folder" "\$here/root/usr/bin/$program" \\
    -L "\$here/root/usr/share/qemu" -L "\$here/root/usr/share/seabios" -L "\$here/root/usr/lib/ipxe/qemu" "\$@"
SCRIPT
    chmod +x $program
    ./$program --version
done
