# Chromium without a window, with the libraries and the font it needs. It starts itself again for each page, by its own path, so it is run
# by this system's loader and C library, which are never older than those of the release it comes from; all other libraries are its own.

fetch_with_dependencies "$1" bookworm chromium-headless-shell
rm -f "$downloads"/{libc6,libllvm,libz3,libgl1-mesa-dri}*.deb # nothing is drawn by hardware
unpack root
rm -rf root/usr/share/{doc,man,locale,info,icons,lintian} root/usr/lib/chromium/{locales,libVk*,vk_*} root/var

libraries=$(dirname "$(find root -name 'libnss3.so' | head -n 1)")
cat >chromium <<SCRIPT
#!/bin/sh
here=\${0%/*}
export LD_LIBRARY_PATH="\$here/$libraries:\$here/root/lib/${libraries##*/}:\$here/$libraries/pulseaudio"
export FONTCONFIG_SYSROOT="\$here/root"
exec "\$here/root/usr/lib/chromium/chromium-headless-shell" "\$@"
SCRIPT
chmod +x chromium
./chromium --version
