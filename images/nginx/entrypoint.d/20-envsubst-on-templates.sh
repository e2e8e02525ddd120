#!/bin/sh
# Makes a configuration file from each template: variables of the environment are filled in, nginx's own stay.
set -e
templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
stream_suffix=${NGINX_ENVSUBST_STREAM_TEMPLATE_SUFFIX:-.stream-template}
stream_output=${NGINX_ENVSUBST_STREAM_OUTPUT_DIR:-/etc/nginx/stream-conf.d}
[ -d "$templates" ] || exit 0
# Only names that are set, and that the filter lets through.
names=$(awk -v filter="${NGINX_ENVSUBST_FILTER-}" 'BEGIN { for (name in ENVIRON) if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/ && name ~ filter) printf "${%s} ", name }')

# fill SUFFIX DIRECTORY
fill() {
  find "$templates" -follow -type f -name "*$1" | while read -r template; do
    file=$2/${template#"$templates/"}
    file=${file%"$1"}
    mkdir -p "$(dirname "$file")"
    echo "$0: $template to $file" >&3
    envsubst "$names" <"$template" >"$file"
  done
}

if [ -w "$output" ]; then fill "$suffix" "$output"; else echo "$0: $output can't be written to, so that no template is filled in" >&2; fi
[ -n "$(find "$templates" -follow -type f -name "*$stream_suffix")" ] || exit 0
mkdir -p "$stream_output"
fill "$stream_suffix" "$stream_output"
grep -q '^stream ' /etc/nginx/nginx.conf || printf '\nstream {\n    include %s/*.conf;\n}\n' "$stream_output" >>/etc/nginx/nginx.conf
