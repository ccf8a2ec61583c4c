#!/bin/sh
# Debian packages that the tests drive for real: a browser, a Chinese font, PostgreSQL, poppler to read
# PDF documents, MariaDB and mosquitto as suppliers' sources, and Go with its transparency-log packages (an outsider's verifier). Installed only where missing.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
ls /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc >/dev/null 2>&1 || missing="$missing fonts-noto-cjk"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
[ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server"
[ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
[ -x /usr/bin/go ] || missing="$missing golang-go"
ls /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog >/dev/null 2>&1 || missing="$missing golang-golang-x-mod-dev"
[ -z "$missing" ] && exit 0
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
echo "安装测试所需系统软件 / installing system packages for the tests:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
