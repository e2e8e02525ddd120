# An environment of its own in /usr/local, as the image of this name has it there: pip may install what it likes, and Debian's modules stay
# apart.
own=${1%% *} asked=$2
"$own" -m venv /usr/local
rm -f /usr/local/bin/activate* /usr/local/bin/Activate*
for name in python python3 "$own"; do ln -sf "/usr/bin/$own" "/usr/local/bin/$name"; done
ln -sf pip3 /usr/local/bin/pip
[ "python$asked" = "$own" ] || ln -s "$own" "/usr/local/lib/python$asked"
find /usr/local -name __pycache__ -prune -exec rm -rf {} +
